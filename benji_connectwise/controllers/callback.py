from werkzeug.wrappers import Response

from odoo import http
from odoo.http import request

from ..lib.connectwise_client.const import CALLBACK_SIGNATURE, MAX_CALL_BYTES
from ..tools.connection.callbacks import PATH
from ..tools.connection.receiving import receive


class CallbackDispatcher(http.HttpDispatcher):
    """Leaves the body unread, and tells nobody why a call is refused.

    Odoo's own would parse a form before the token is looked at, and describes errors.
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
        """Be told by ConnectWise that a record changed; see `receive`."""
        call = request.httprequest
        signature = call.headers.get(CALLBACK_SIGNATURE, "")
        is_believed = call.method == "POST" and receive(
            request.env, ref, token, call.get_data, signature
        )
        return Response(status=204 if is_believed else 404)
