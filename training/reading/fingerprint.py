"""Tells whether two runs read the same rows."""

import hashlib

import numpy as np
import polars as pl

NULL = np.uint32(0xFFFFFFFF)  # in place of a text's length


class Fingerprint:
    """sha256 over the columns of SCHEMA as parsed, whatever batches they come in: of each column its values end to end,
    and what tells where one ends or is missing."""

    def __init__(self) -> None:
        self._digests: dict[str, tuple[hashlib._Hash, hashlib._Hash]] = {}

    def update(self, rows: pl.DataFrame) -> None:
        """Go on with the next rows."""
        for column in rows:
            values, shape = self._digests.setdefault(column.name, (hashlib.sha256(), hashlib.sha256()))
            if column.dtype in (pl.String, pl.Categorical):
                text = column.cast(pl.String)
                values.update(text.str.join("").item().encode())
                shape.update(text.str.len_bytes().fill_null(int(NULL)).to_numpy().data)
            else:
                values.update(column.to_physical().fill_null(0).to_numpy().tobytes())
                shape.update(column.is_null().to_numpy().tobytes())

    def hexdigest(self) -> str:
        """64 hexadecimal digits."""
        digests = (digest.digest() for name in sorted(self._digests) for digest in self._digests[name])
        return hashlib.sha256(b"".join(digests)).hexdigest()
