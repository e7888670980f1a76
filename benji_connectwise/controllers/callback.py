from werkzeug.wrappers import Response

from odoo import http
from odoo.http import request

from ..lib.connectwise_client.const import CALLBACK_SIGNATURE, MAX_CALL_BYTES
from ..tools.connection.callbacks import PATH
from ..tools.connection.receiving import receive


class CallbackDispatcher(http.HttpDispatcher):
    """A dispatcher that leaves the body unread and does not say why it refuses a call.

    Odoo's HTTP dispatcher would parse a form before the token is checked, and its
    answers describe errors.
    """

    routing_type = "connectwise_callback"

    def dispatch(self, endpoint, args):
        self.request.params = args
        return self.request.registry["ir.http"]._dispatch(endpoint)

    def handle_error(self, exc):
        return Response(status=404)


class ConnectwiseCallback(http.Controller):
    @http.route(
        f"{PATH}/<string:ref>/<string:token>",
        type=CallbackDispatcher.routing_type,
        auth="public",
        save_session=False,
        max_content_length=MAX_CALL_BYTES,
    )
    def receive_call(self, ref, token):
        """Receive a call from ConnectWise that a record changed; see `receive`."""
        call = request.httprequest
        signature = call.headers.get(CALLBACK_SIGNATURE, "")
        is_believed = call.method == "POST" and receive(
            request.env, ref, token, call.get_data, signature
        )
        return Response(status=204 if is_believed else 404)
