"""All faults by name, with their descriptions.

Host names that cannot be resolved and certificates that cannot be trusted are not here:
they fail in the client, before a server is involved.
"""

from __future__ import annotations

from . import fault_answers as answers
from . import fault_wire as wire
from .faults import Effect

_EFFECTS: tuple[Effect, ...] = (
    wire.refused,
    wire.stall_before_headers,
    wire.stall_in_body,
    wire.drip,
    wire.reset_in_headers,
    wire.reset_in_body,
    wire.short_body,
    wire.cut_chunk,
    answers.rate_limit,
    answers.rate_limit_date,
    answers.rate_limit_no_header,
    answers.rate_limit_day,
    answers.rate_limit_html,
    answers.server_timeout,
    answers.server_error,
    answers.bad_gateway,
    answers.unavailable,
    answers.gateway_timeout,
    answers.unauthorized,
    answers.forbidden,
    answers.moved_codebase,
    answers.redirect_other_host,
    answers.html_200,
    answers.malformed_json,
    answers.shape_object,
    answers.shape_list,
    answers.shape_strings,
    answers.shape_null,
    answers.null_fields,
    answers.no_id,
    answers.mistyped_fields,
    answers.oversized_body,
    answers.gzip_bomb,
    answers.pdf_html,
    answers.pdf_empty,
    answers.pdf_truncated,
    answers.pdf_bomb,
    answers.pdf_encrypted,
    answers.pdf_oversized,
)

EFFECTS: dict[str, Effect] = {effect.__name__: effect for effect in _EFFECTS}
DESCRIPTIONS = {name: effect.__doc__ or "" for name, effect in EFFECTS.items()}
