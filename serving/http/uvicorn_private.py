"""The private parts of uvicorn that this project uses, in one place.

uvicorn guarantees none of them. tests/serving/http/test_uvicorn_private.py fails with the name of the part that
changed, and pyproject.toml excludes versions that have not been tested.
"""

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

__all__ = [
    "CYCLE_STATE",
    "FLOW_METHODS",
    "PROTOCOL_METHODS",
    "PROTOCOL_STATE",
    "STATUS_LINE",
    "FlowControl",
    "HttpToolsProtocol",
]

# Attributes of a protocol that Connection reads or sets.
PROTOCOL_STATE = (
    "cycle",
    "flow",
    "headers",
    "loop",
    "parser",
    "pipeline",
    "timeout_keep_alive",
    "timeout_keep_alive_task",
    "transport",
)
# Methods of a protocol that Connection overrides or calls, with the names of their parameters.
PROTOCOL_METHODS = {
    "_unset_keepalive_if_required": (),
    "connection_lost": ("exc",),
    "connection_made": ("transport",),
    "data_received": ("data",),
    "eof_received": (),
    "on_header": ("name", "value"),
    "on_headers_complete": (),
    "on_message_begin": (),
    "on_message_complete": (),
    "on_response_complete": (),
    "on_url": ("url",),
    "pause_writing": (),
    "resume_writing": (),
    "send_400_response": ("msg",),
    "shutdown": (),
    "timeout_keep_alive_handler": (),
}
# Attributes of a request-response cycle.
CYCLE_STATE = ("keep_alive", "response_complete", "scope")
FLOW_METHODS = {"__init__": ("transport",), "resume_reading": ()}
