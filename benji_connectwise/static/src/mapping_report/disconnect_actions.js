import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

const MODEL = "connectwise.mapping";
const TIME_TO_UNDO = 10000;

/**
 * Ask before disconnecting. The server makes the text, which names the customer.
 *
 * @param {Object} env
 * @param {Object} action
 * @returns {Promise} the action that follows, if a person agreed
 */
function askDisconnect(env, {params}) {
    return new Promise((resolve) => {
        const disconnect = () =>
            env.services.orm.call(MODEL, "action_disconnect", [params.ids]);
        env.services.dialog.add(
            ConfirmationDialog,
            {
                title: params.title,
                body: params.body,
                confirmLabel: _t("Disconnect"),
                confirm: async () => resolve(await disconnect()),
                // The dialog shows a Cancel button only if there is a function.
                cancel: () => undefined,
            },
            {onClose: () => resolve()}
        );
    });
}

/**
 * Say that customers were disconnected, and offer to undo it.
 *
 * @param {Object} env
 * @param {Object} action
 * @returns {Object} the action that shows the change
 */
function tellDisconnected(env, {params}) {
    const {action, notification, orm} = env.services;
    const {before, message} = params;
    const undo = async () => {
        close();
        const ids = before.map(([id]) => id);
        await orm.call(MODEL, "action_undo_disconnect", [ids, before]);
        await action.doAction({type: "ir.actions.client", tag: "soft_reload"});
    };
    const close = notification.add(message, {
        type: "success",
        autocloseDelay: TIME_TO_UNDO,
        buttons: before.length
            ? [{name: _t("Undo"), primary: true, onClick: undo}]
            : [],
    });
    return {type: "ir.actions.act_window_close"};
}

registry
    .category("actions")
    .add("connectwise_ask_disconnect", askDisconnect)
    .add("connectwise_disconnected", tellDisconnected);
