"""Columns of answers, as Arrow has them: a day's worth in one call.

``verify`` takes a column of pyarrow, Polars, DuckDB, DataFusion or any other library that speaks the Arrow PyCapsule
interface, and gives a column of verdicts to any of them. Nothing is copied on the way in, and no row becomes a Python
object. It needs none of these libraries itself; ``pip install kycvs[arrow]`` brings pyarrow along.

>>> import pyarrow
>>> import kycvs.arrow
>>> from kycvs import Issuer, SigningKey, Status, TrustStore, Verifier
>>> issuer = Issuer("in.gov.cowin", SigningKey.generate())
>>> verifier = Verifier(TrustStore().with_key(issuer.name, issuer.verifying_key), open=True)
>>> answer = issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900)
>>> column = pyarrow.array([bytes(answer), b"damaged", None])
>>> verdicts = pyarrow.chunked_array(kycvs.arrow.verify(column, verifier, nonce=None))
>>> [verdict and (verdict["code"], verdict["status"]) for verdict in verdicts.to_pylist()]
[('good', 2), ('malformed', None), None]

Answers that were each given to a challenge of their own have it in a column beside them:

>>> challenges = [b"challenge of one", b"challenge of two"]
>>> answers = [issuer.issue(Status.FULLY_VACCINATED, "gate", valid_for=900, nonce=nonce) for nonce in challenges]
>>> day = pyarrow.table({"answer": [bytes(answer) for answer in answers], "nonce": [challenges[0], b"another one....."]})
>>> verdicts = pyarrow.chunked_array(kycvs.arrow.verify(day["answer"], verifier, nonce=day["nonce"]))
>>> [verdict["code"] for verdict in verdicts.to_pylist()]
['good', 'wrong_nonce']
"""

from kycvs._kycvs import Verdicts
from kycvs._kycvs import verify_column as verify
from kycvs._protocols import ArrowArray, ArrowStream

__all__ = ["ArrowArray", "ArrowStream", "Verdicts", "verify"]
