from sqlalchemy import create_engine, text

from core.app import App
from tests.worker.processes import Life, close, open_app
from worker.slots import lease_slot


def test_two_workers_of_a_host_have_two_names(app: App) -> None:
    first = lease_slot(app)
    second = lease_slot(app)

    assert (first.name, second.name) == ("host-1", "host-2")
    first.release()
    second.release()


def test_a_released_name_is_leased_again(app: App) -> None:
    lease_slot(app).release()

    again = lease_slot(app)

    assert again.name == "host-1"
    assert again.is_held()
    again.release()


def test_a_name_survives_a_lost_connection_when_nobody_took_it(cluster: Life) -> None:
    app = open_app(cluster)
    slot = lease_slot(app)

    _cut_other_connections(cluster)

    assert slot.is_held()
    other = lease_slot(app)
    assert other.name == "host-2"
    other.release()
    slot.release()
    close(app)


def test_a_worker_whose_name_was_taken_notices(cluster: Life) -> None:
    mine, theirs = open_app(cluster), open_app(cluster)
    slot = lease_slot(mine)

    _cut_other_connections(cluster)
    taken = lease_slot(theirs)

    assert taken.name == slot.name
    assert not slot.is_held()
    taken.release()
    close(mine)
    close(theirs)


def _cut_other_connections(life: Life) -> None:
    engine = create_engine(life.url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
