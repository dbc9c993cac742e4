import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.policy import MAIL_BYTES
from mail.receiving.arrival import Arrival, read_arrival

MAIL = b"From: ann@north.example.org\r\nMessage-ID: <a1@north.example.org>\r\nSubject: courses\r\n\r\ncourses\r\n"


def with_headers(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in lines) + MAIL


def ref_of(line: bytes) -> str:
    return read_arrival(line + b"\r\n\r\nwords").message_ref


def test_the_message_id_is_taken_as_given() -> None:
    assert ref_of(b"Message-ID: <a1@north.example.org>") == "<a1@north.example.org>"
    assert ref_of(b"MESSAGE-id:\t <A1@North.example.org>  ") == "<A1@North.example.org>"
    assert ref_of(b"Message-ID:\r\n <a1@north.example.org>") == "<a1@north.example.org>"


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"<>", b"<@x>", b"<x@>", b"a@b", b"<a b@c>", b"<a@b> <c@d>", b"<a@b@c>", b"<a\x00@b>", b"<\xe9@b>"),
        *(b"<" + b"a" * 300 + b"@b>", b"<<a@b>>", b"(comment) <a@b>"),
    ],
)
def test_a_message_id_that_cannot_be_used_is_none(value: bytes) -> None:
    assert ref_of(b"Message-ID: " + value) == ""


def test_two_message_ids_are_none() -> None:
    assert ref_of(b"Message-ID: <a@b>\r\nMessage-ID: <a@b>") == ""


def test_no_headers_and_no_bytes_are_a_message_too() -> None:
    assert read_arrival(b"").message_ref == ""
    assert read_arrival(b"\r\n\r\n").content_digest == read_arrival(b"").content_digest


@pytest.mark.parametrize(
    "line",
    [
        b"Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0000",
        b"Received: from a\r\n\tby b",
        b"Return-Path: <ann@north.example.org>",
        b"Delivered-To: usher@example.org",
        b"X-Original-To: usher@example.org",
        b"Authentication-Results: mx.example.org; dmarc=pass",
        b"ARC-Seal: i=1; a=rsa-sha256",
        b"X-Spam-Status: No",
        b"X-MS-Exchange-Organization-SCL: 1",
    ],
)
def test_what_its_way_adds_makes_no_other_message(line: bytes) -> None:
    assert read_arrival(with_headers(line)).content_digest == read_arrival(MAIL).content_digest


@pytest.mark.parametrize(
    "other",
    [
        with_headers(b"DKIM-Signature: v=1; d=north.example.org"),
        with_headers(b"Cc: bo@example.org"),
        MAIL.replace(b"Subject: courses", b"Subject: links"),
        MAIL.replace(b"\r\n\r\ncourses", b"\r\n\r\nlinks"),
        MAIL.replace(b"\r\nSubject", b"\r\n\r\nSubject"),
    ],
)
def test_anything_else_makes_another_message(other: bytes) -> None:
    assert read_arrival(other).content_digest != read_arrival(MAIL).content_digest


def test_line_endings_and_empty_lines_at_the_end_make_no_other_message() -> None:
    digest = read_arrival(MAIL).content_digest

    assert read_arrival(MAIL.replace(b"\r\n", b"\n")).content_digest == digest
    assert read_arrival(MAIL + b"\r\n\r\n").content_digest == digest


def test_what_the_caller_knows_of_the_envelope_goes_before_the_headers() -> None:
    raw = with_headers(b"Return-Path: <ann@north.example.org>", b"Delivered-To: usher+northfield@example.org")

    told = read_arrival(raw, envelope_from="", envelope_to="usher@example.org")
    untold = read_arrival(raw)

    assert (told.envelope_from, told.envelope_to) == ("", "usher@example.org")
    assert (untold.envelope_from, untold.envelope_to) == ("ann@north.example.org", "usher+northfield@example.org")


def test_an_empty_return_path_is_the_null_sender_and_none_is_not_told() -> None:
    assert read_arrival(with_headers(b"Return-Path: <>")).envelope_from == ""
    assert read_arrival(MAIL).envelope_from is None
    assert read_arrival(with_headers(b"Return-Path: nonsense")).envelope_from is None


def test_of_several_the_one_that_the_last_host_wrote_counts() -> None:
    raw = with_headers(b"X-Original-To: usher+a@example.org", b"Delivered-To: new@x.org", b"Delivered-To: old@x.org")

    assert read_arrival(raw).envelope_to == "new@x.org"


def test_headers_end_at_256_kb() -> None:
    beyond = b"X: " + b"a" * (256 * 1024) + b"\r\n" + MAIL

    assert read_arrival(beyond).message_ref == ""


@pytest.mark.slow  # Load: it guards how long hostile text takes, not how it is read.
@pytest.mark.parametrize(
    ("begins", "goes_on", "times"),
    [
        (b"", b"a", MAIL_BYTES),
        (b"", b"\n", MAIL_BYTES),
        (b"", b"a:\n", MAIL_BYTES // 3),
        (b"Message-ID: <", b"@", MAIL_BYTES),
        (b"", b" \n", MAIL_BYTES // 2),
        (b"Message-ID:", b"\n ", 100_000),
    ],
    ids=["one line", "empty lines", "headers only", "one id", "folds", "folded id"],
)
def test_hostile_headers_take_no_time(begins: bytes, goes_on: bytes, times: int) -> None:
    raw = begins + goes_on * times
    began = time.process_time()

    read_arrival(raw)

    assert time.process_time() - began < 2


HEADER = st.sampled_from([b"Message-ID: ", b"Return-Path: ", b"Delivered-To: ", b"Received: ", b"From: ", b"", b" "])
LINE = st.tuples(HEADER, st.binary(max_size=40), st.sampled_from([b"\r\n", b"\n", b"\r", b""])).map(b"".join)


@given(st.lists(LINE, max_size=12).map(b"".join))
def test_anything_can_be_read_and_its_copy_is_the_same(raw: bytes) -> None:
    read = read_arrival(raw)

    assert isinstance(read, Arrival)
    assert read == read_arrival(raw)
    assert len(read.message_ref) <= 255
    assert len(read.envelope_to) <= 320
    assert not set(read.message_ref) & set(" \r\n\x00")
    assert read_arrival(b"Received: here\r\n" + raw).content_digest == read.content_digest or raw[:1] in (b" ", b"\t")
