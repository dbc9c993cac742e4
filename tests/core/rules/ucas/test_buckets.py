"""Every row of an import is in one bucket."""

from core.rules.ucas.buckets import Bucket, Buckets


def test_the_buckets_add_up_to_the_rows() -> None:
    rows = [Bucket.CREATED, Bucket.PROBLEM, Bucket.CREATED, Bucket.DUPLICATE, Bucket.UNCHANGED, Bucket.UPDATED]

    buckets = Buckets.counted(rows)

    assert buckets == Buckets(created=2, updated=1, unchanged=1, duplicate=1, problem=1)
    assert buckets.rows == len(rows)


def test_each_bucket_is_counted() -> None:
    for bucket in Bucket:
        assert Buckets.counted([bucket]) == Buckets(**{bucket.value: 1})
