"""What the live store fails at, as a client is told."""

import pytest

from artifacts.live.errors import LiveTimeoutError, LiveUnavailableError, LiveValueError
from service.http.errors import InvalidRequestError, LiveStoreError, ServiceError
from service.state.live_connection import LiveConnection


@pytest.mark.parametrize(
    ("failure", "told"),
    [(LiveValueError("a value was refused"), InvalidRequestError), (LiveTimeoutError("no answer"), LiveStoreError)],
)
def test_a_value_is_the_clients_fault_and_a_time_out_the_stores(
    failure: LiveValueError | LiveUnavailableError, told: type[ServiceError]
) -> None:
    with pytest.raises(told) as raised, LiveConnection(None).reporting("id"):
        raise failure
    assert raised.value.status == (400 if told is InvalidRequestError else 503)
