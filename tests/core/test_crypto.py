"""Encrypted columns: readable with the key, in their own place, and not otherwise."""

import base64
import itertools

import pytest
from cryptography.exceptions import InvalidTag

from core.crypto import Vault
from core.errors import SettingInvalid

KEY, NEWER, NEWEST = b"a" * 32, b"b" * 32, b"c" * 40
PLACE = "slack_workspace.bot_token"


def vault(*keys: bytes) -> Vault:
    numbers = itertools.count(1)
    return Vault(keys, lambda: next(numbers).to_bytes(12, "big"))


@pytest.mark.parametrize("clear", ["xoxb-1", "", "Zoë 👩\u200d🎓", "x" * 100_000])
def test_what_was_encrypted_comes_back(clear: str) -> None:
    stored = vault(KEY).encrypt(clear, PLACE)

    assert vault(KEY).decrypt(stored, PLACE) == clear
    assert stored.isascii()
    assert "xoxb" not in stored


def test_the_same_value_is_stored_differently_each_time() -> None:
    one = vault(KEY)

    assert one.encrypt("xoxb-1", PLACE) != one.encrypt("xoxb-1", PLACE)


def test_a_value_cannot_be_moved_to_another_place() -> None:
    stored = vault(KEY).encrypt("xoxb-1", PLACE)

    with pytest.raises(InvalidTag):
        vault(KEY).decrypt(stored, "learner.access_code")


def test_a_changed_value_is_refused() -> None:
    raw = base64.b64decode(vault(KEY).encrypt("xoxb-1", PLACE))

    for place in range(1, len(raw)):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        with pytest.raises(InvalidTag):
            vault(KEY).decrypt(base64.b64encode(changed).decode(), PLACE)


def test_a_new_key_in_front_encrypts_and_the_old_one_still_decrypts() -> None:
    old = vault(KEY).encrypt("xoxb-1", PLACE)
    new = vault(NEWER, KEY).encrypt("xoxb-2", PLACE)

    assert vault(NEWER, KEY).decrypt(old, PLACE) == "xoxb-1"
    assert vault(NEWER, KEY).decrypt(new, PLACE) == "xoxb-2"
    with pytest.raises(SettingInvalid):
        vault(KEY).decrypt(new, PLACE)


def test_an_old_key_taken_away_takes_only_its_own_values() -> None:
    old = vault(KEY).encrypt("xoxb-1", PLACE)
    new = vault(NEWER, KEY).encrypt("xoxb-2", PLACE)

    assert vault(NEWEST, NEWER).decrypt(new, PLACE) == "xoxb-2"
    with pytest.raises(SettingInvalid) as problem:
        vault(NEWEST, NEWER).decrypt(old, PLACE)
    assert "USHER_DATA_KEY" in problem.value.message


def test_two_keys_with_the_same_mark_both_decrypt() -> None:
    keys = [number.to_bytes(32, "big") for number in range(300)]

    stored = [vault(key).encrypt(str(number), PLACE) for number, key in enumerate(keys)]

    assert [vault(*keys).decrypt(each, PLACE) for each in stored] == [str(number) for number in range(300)]


def test_without_a_key_nothing_is_encrypted() -> None:
    with pytest.raises(SettingInvalid):
        vault().encrypt("xoxb-1", PLACE)
    with pytest.raises(SettingInvalid):
        vault().decrypt(vault(KEY).encrypt("xoxb-1", PLACE), PLACE)


def test_many_values_are_encrypted_at_once_as_one_by_one() -> None:
    clears = [b"a", b"", b"c" * 1000]
    entropy = bytes(range(36))

    stored = vault(NEWER, KEY).encrypt_all(clears, PLACE, entropy)

    assert [vault(NEWER).decrypt_bytes(each, PLACE) for each in stored] == clears
    assert len({each[1:13] for each in stored}) == 3
    for too_little in (entropy[:24], b""):
        with pytest.raises(ValueError):
            vault(KEY).encrypt_all(clears, PLACE, too_little)
    with pytest.raises(SettingInvalid):
        vault().encrypt_all(clears, PLACE, entropy)
