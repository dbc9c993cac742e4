"""The peer of B1a: django-import-export, as its documentation shows it; ``bulk`` or ``default``.

``python django_import.py FILE.xlsx DATABASE-URL MODE``, by an interpreter that has ``requirements.txt``. The clock runs
from the moment everything is loaded. It checks less than Usher does: lengths, addresses, dates.
"""

import json
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

_COLUMNS = {
    "ukprn": "UKPRN", "year_group": "Learner year group", "first_name": "First name", "last_name": "Last name",
    "email": "Email address", "house": "House name or number", "street": "Street", "locality": "Locality",
    "town": "Town", "postcode": "Postcode", "telephone": "Telephone", "uln": "ULN", "upn": "UPN", "ccis": "CCIS",
    "dob": "Dob", "gender": "Gender", "ethnicity": "Ethnicity",
}  # fmt: skip


def main(file: str, url: str, mode: str) -> None:
    settings.configure(
        INSTALLED_APPS=["import_export"],
        DATABASES={"default": _database(url)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    resource_class = _resource(is_bulk=mode == "bulk")
    with open(file, "rb") as opened:
        content = opened.read()
    from import_export.formats.base_formats import XLSX

    began, cpu = time.monotonic(), time.process_time()
    dataset = XLSX().create_dataset(content)
    result = resource_class().import_data(dataset, raise_errors=True, use_transactions=True)
    figures = {
        "rows": result.total_rows,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu,
    }
    print(json.dumps(figures))


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url.replace("+psycopg", ""))
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": parts.port,
    }


def _resource(*, is_bulk: bool) -> Any:
    from django.db import connection, models
    from import_export import fields, resources

    body: dict[str, object] = {name: models.CharField(max_length=100, blank=True, null=True) for name in _COLUMNS}
    body["email"] = models.EmailField(blank=True, null=True)
    body["uln"] = models.CharField(max_length=10, unique=True)
    body["dob"] = models.DateField(null=True, blank=True)
    meta = type("Meta", (), {"app_label": "import_export", "db_table": "peer_learner"})
    learner = type("PeerLearner", (models.Model,), {**body, "Meta": meta, "__module__": __name__})
    with connection.schema_editor() as editor:
        editor.create_model(learner)
    options: dict[str, object] = {
        "model": learner,
        "import_id_fields": ("uln",),
        "fields": tuple(_COLUMNS),
        "clean_model_instances": not is_bulk,
    }
    if is_bulk:
        options |= {"use_bulk": True, "batch_size": 1000, "skip_diff": True}
    columns = {name: fields.Field(attribute=name, column_name=heading) for name, heading in _COLUMNS.items()}
    return type(
        "PeerResource",
        (resources.ModelResource,),
        {**columns, "Meta": type("Meta", (), options), "__module__": __name__},
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
