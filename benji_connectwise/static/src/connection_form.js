import {FormController} from "@web/views/form/form_controller";
import {_t} from "@web/core/l10n/translation";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";

/**
 * The form of a connection, which says what archiving does before it is archived.
 */
export class ConnectionFormController extends FormController {
    get archiveDialogProps() {
        const ends = [
            _t("Nothing more is read from ConnectWise."),
            _t("Its contacts are not added to the recipients of invoices any more."),
            _t("“Instant updates” is switched off."),
        ];
        const stays = [
            _t("Nothing is deleted, and PDFs that are already here are still used."),
            _t("Contacts, connections with your customers and the keys stay."),
            _t("To use them again, open Configure under Integrations and save."),
        ];
        return {
            ...super.archiveDialogProps,
            title: _t("Archive this connection?"),
            body: `${ends.join(" ")}\n\n${stays.join(" ")}`,
        };
    }
}

registry.category("views").add("connectwise_connection_form", {
    ...formView,
    Controller: ConnectionFormController,
});
