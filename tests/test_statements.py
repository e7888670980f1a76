"""Which tests would fail without a statement of docs/decisions.md.

One or two for each of what a user sees (S) and of the decisions (D); there are more.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TESTS = {
    "S1": (
        "test_manifest_says_what_the_addon_is_for",
        "test_uninstalling_leaves_no_job_behind",
    ),
    "S2": (
        "test_address_that_the_server_does_not_allow_is_not_asked",
        "test_another_company_uses_its_own_connection",
    ),
    "S3": ("test_connected_company_brings_its_contact",),
    "S4": (
        "test_form_names_the_source_of_an_attached_pdf",
        "test_form_names_the_source_of_the_pdf",
    ),
    "S5": (
        "test_batch_mails_each_invoice_with_its_own_pdf",
        "test_chatter_shows_connectwises_pdf",
    ),
    "S6": (
        "test_invoice_without_a_number_is_never_found",
        "test_invoice_without_a_number_is_read",
    ),
    "S7": (
        "test_invoice_number_is_compared_as_it_is",
        "test_number_is_compared_without_case",
    ),
    "S8": (
        "test_codebase_is_found_again_after_an_upgrade",
        "test_invoice_is_found_by_its_number",
    ),
    "S9": (
        "test_number_that_is_not_there_finds_nothing",
        "test_print_menu_gives_odoos_pdf_if_connectwise_has_none",
    ),
    "S10": ("test_known_number_gives_connectwises_pdf_byte_for_byte",),
    "S11": (
        "test_dialog_tells_nothing_about_another_company",
        "test_each_role_may_do_exactly_what_the_table_says",
    ),
    "S12": (
        "test_invoicing_administrator_without_settings_sees_the_menu",
        "test_page_is_found_under_settings_and_under_invoicing",
    ),
    "S13": (
        "test_tile_has_configure_and_sync_status",
        "test_administrator_configures_in_the_browser",
    ),
    "S14": (
        "test_empty_private_key_keeps_the_saved_one",
        "test_empty_private_key_keeps_the_stored_one",
    ),
    "S15": ("test_tile_has_configure_and_sync_status",),
    "S16": (
        "test_new_keys_resolve_the_activity",
        "test_outage_raises_no_activity",
    ),
    "S17": (
        "test_back_keeps_what_was_entered",
        "test_error_is_shown_in_the_step_of_its_field",
    ),
    "S18": (
        "test_company_login_id_is_required",
        "test_region_fills_in_the_address",
    ),
    "S19": ("test_keys_are_asked_for_after_the_company_login_id",),
    "S20": ("test_eleven_instructions_stand_beside_the_keys",),
    "S21": ("test_eleven_instructions_stand_beside_the_keys",),
    "S22": ("test_eleven_instructions_stand_beside_the_keys",),
    "S23": ("test_eleven_instructions_stand_beside_the_keys",),
    "S24": ("test_eleven_instructions_stand_beside_the_keys",),
    "S25": ("test_eleven_instructions_stand_beside_the_keys",),
    "S26": (
        "test_pdf_only_role_is_enough_for_pdfs",
        "test_eleven_instructions_stand_beside_the_keys",
    ),
    "S27": (
        "test_pdf_only_role_is_enough_for_pdfs",
        "test_eleven_instructions_stand_beside_the_keys",
    ),
    "S28": (
        "test_for_pdfs_only_invoices_are_asked_for",
        "test_no_company_is_asked_for_without_contact_sync",
    ),
    "S29": (
        "test_connection_test_names_each_missing_right",
        "test_contact_sync_with_a_pdf_only_role_names_the_missing_rights",
    ),
    "S30": ("test_eleven_instructions_stand_beside_the_keys",),
    "S31": ("test_eleven_instructions_stand_beside_the_keys",),
    "S32": ("test_eleven_instructions_stand_beside_the_keys",),
    "S33": ("test_eleven_instructions_stand_beside_the_keys",),
    "S34": ("test_eleven_instructions_stand_beside_the_keys",),
    "S35": (
        "test_another_tenant_does_not_get_the_private_key",
        "test_another_tenant_needs_a_private_key_of_its_own",
    ),
    "S36": ("test_contact_importing_has_exactly_two_options",),
    "S37": ("test_contact_importing_has_exactly_two_options",),
    "S38": (
        "test_scheduled_action_asks_nothing_with_contact_sync_off",
        "test_nothing_is_asked_with_contact_sync_off",
    ),
    "S39": (
        "test_contact_that_is_not_paused_says_nothing",
        "test_paused_contact_says_so",
    ),
    "S40": (
        "test_contact_arrives_enabled_with_automatic_enabling",
        "test_contact_importing_has_exactly_two_options",
    ),
    "S41": (
        "test_contact_arrives_disabled_by_default",
        "test_contact_options_are_off_by_default",
    ),
    "S42": ("test_automatic_enabling_without_contact_sync_imports_nothing",),
    "S43": (
        "test_buttons_on_the_contact_enable_and_disable_it",
        "test_customers_chatter_says_who_enabled_the_contact",
    ),
    "S44": (
        "test_nothing_is_stored_before_save",
        "test_settings_that_do_not_work_are_not_saved",
    ),
    "S45": ("test_page_points_to_the_priority_once_connected",),
    "S46": (
        "test_page_shows_the_priority_in_its_order",
        "test_administrator_changes_the_priority_in_the_browser",
    ),
    "S47": ("test_page_shows_the_priority_in_its_order",),
    "S48": (
        "test_tile_has_configure_and_sync_status",
        "test_administrator_changes_the_priority_in_the_browser",
    ),
    "S49": (
        "test_attached_pdf_is_used_once_it_is_marked",
        "test_broken_pdf_cannot_be_marked",
    ),
    "S50": (
        "test_source_can_be_removed",
        "test_source_cannot_be_added_twice",
    ),
    "S51": (
        "test_connectwise_is_not_mentioned_if_it_is_no_source",
        "test_nothing_is_fetched_if_odoo_comes_first",
    ),
    "S52": (
        "test_arrow_at_the_end_of_the_list_does_nothing",
        "test_first_source_wins",
    ),
    "S53": (
        "test_broken_pdfs_are_not_used",
        "test_invoices_can_be_searched_by_source",
    ),
    "S54": (
        "test_empty_priority_uses_odoos_pdf",
        "test_preview_of_odoos_pdf_is_unchanged",
    ),
    "S55": (
        "test_branch_uses_the_priority_of_its_parent_at_once",
        "test_changing_the_order_takes_effect_at_once",
    ),
    "S56": (
        "test_sync_status_opens_the_report",
        "test_administrator_connects_a_customer_in_the_browser",
    ),
    "S57": ("test_sync_status_opens_the_report",),
    "S58": (
        "test_every_customer_has_a_row",
        "test_opening_the_report_adds_missing_rows",
    ),
    "S59": ("test_columns_have_the_order_of_the_article",),
    "S60": (
        "test_row_that_is_not_connected_says_nothing",
        "test_row_connected_by_hand_is_called_manual",
    ),
    "S61": (
        "test_chatter_of_the_row_says_who_made_each_change",
        "test_chatter_of_the_row_tells_of_an_automatic_connection",
    ),
    "S62": ("test_columns_have_the_order_of_the_article",),
    "S63": (
        "test_each_row_has_a_plus",
        "test_administrator_connects_a_customer_in_the_browser",
    ),
    "S64": (
        "test_each_row_has_a_plus",
        "test_connect_dialog_connects_by_hand",
    ),
    "S65": (
        "test_administrator_disconnects_a_customer_in_the_browser",
        "test_only_connected_rows_have_the_remove_icon",
    ),
    "S66": ("test_only_connected_rows_have_the_remove_icon",),
    "S67": (
        "test_connected_row_can_be_connected_to_another_company",
        "test_connect_dialog_connects_by_hand",
    ),
    "S68": (
        "test_several_rows_can_be_disconnected_at_once",
        "test_administrator_disconnects_a_customer_in_the_browser",
    ),
    "S69": (
        "test_customers_chatter_says_who_connected_and_disconnected_it",
        "test_disconnected_row_says_who_disconnected_it_and_when",
    ),
    "S70": (
        "test_filter_finds_conflicts",
        "test_filter_finds_customers_by_connection_type",
    ),
    "S71": ("test_changes_in_connectwise_arrive",),
    "S72": (
        "test_changed_contact_is_read_at_once",
        "test_changes_in_connectwise_arrive",
    ),
    "S73": (
        "test_rescan_button_opens_the_dialog_and_runs_nothing",
        "test_administrator_rescans_in_the_browser",
    ),
    "S74": (
        "test_rescan_button_opens_the_dialog_and_runs_nothing",
        "test_administrator_rescans_in_the_browser",
    ),
    "S75": (
        "test_get_all_entries_reads_everything",
        "test_rescan_can_get_all_entries",
    ),
    "S76": (
        "test_every_page_asks_only_for_changes",
        "test_second_sync_reads_only_changes",
    ),
    "S77": (
        "test_rescan_can_discard_disconnections",
        "test_rescan_options_have_the_labels_of_the_article",
    ),
    "S78": (
        "test_rescan_dialog_counts_the_disconnections_it_would_lift",
        "test_resumed_sync_keeps_new_disconnections",
    ),
    "S79": (
        "test_rescan_can_combine_both_options",
        "test_rescan_options_are_off_by_default",
    ),
    "S80": (
        "test_abandoned_sync_does_not_block_the_next",
        "test_administrator_applies_a_preview_in_the_browser",
    ),
    "S81": (
        "test_next_run_does_the_rest_of_an_unfinished_one",
        "test_report_says_that_a_rescan_waits",
    ),
    "S82": (
        "test_account_ids_are_exact_otherwise",
        "test_customer_changed_in_odoo_is_matched_again",
    ),
    "S83": (
        "test_equal_names_make_a_link",
        "test_differences_between_companies_count",
    ),
    "S84": (
        "test_equal_account_id_outranks_an_equal_name",
        "test_equal_account_id_outranks_invoices_and_name_together",
    ),
    "S85": (
        "test_account_id_of_two_companies_makes_no_link",
        "test_account_id_of_two_customers_makes_no_link",
    ),
    "S86": (
        "test_existing_links_are_left_alone",
        "test_linked_company_gets_no_other_link",
    ),
    "S87": (
        "test_link_in_place_is_not_found_again",
        "test_order_of_the_records_does_not_matter",
    ),
    "S88": (
        "test_company_deleted_in_connectwise_is_flagged",
        "test_company_in_the_recycle_bin_is_marked",
    ),
    "S89": (
        "test_exact_matches_are_connected_at_once",
        "test_connect_dialog_connects_by_hand",
    ),
    "S90": ("test_administrator_connects_a_customer_in_the_browser",),
    "S91": (
        "test_companies_with_one_name_can_be_told_apart",
        "test_company_is_found_by_its_number",
    ),
    "S92": (
        "test_suggestion_connects",
        "test_choosing_a_company_connects",
    ),
    "S93": (
        "test_choosing_a_company_connects",
        "test_exact_matches_are_connected_at_once",
    ),
    "S94": (
        "test_connecting_by_hand_lifts_a_disconnection",
        "test_connecting_by_hand_ends_the_doubt",
    ),
    "S95": (
        "test_disconnecting_ends_the_doubt",
        "test_administrator_disconnects_a_customer_in_the_browser",
    ),
    "S96": (
        "test_disconnected_destination_of_a_merge_stays_disconnected",
        "test_importing_an_empty_connection_disconnects",
    ),
    "S97": (
        "test_connecting_lifts_the_exclusion",
        "test_lifted_exclusion_lets_the_link_come_back",
    ),
    "S98": (
        "test_exclusion_takes_its_own_links_away_and_adds_none",
        "test_excluded_customer_is_left_alone",
    ),
    "S99": (
        "test_connected_customers_can_be_searched_for",
        "test_internal_user_sees_the_company_of_a_customer",
    ),
    "S100": (
        "test_icon_disappears_after_disconnecting",
        "test_customers_form_shows_the_company_it_is_connected_to",
    ),
    "S101": (
        "test_scheduled_action_reads_each_contact_again_by_and_by",
        "test_second_import_brings_no_second_contact",
    ),
    "S102": (
        "test_company_has_the_bill_to_contact_not_the_default_one",
        "test_company_without_contact_has_that_of_its_bill_to_company",
    ),
    "S103": (
        "test_invisible_characters_are_taken_out_of_an_email",
        "test_plain_address_is_read_as_an_email",
    ),
    "S104": (
        "test_new_bill_to_contact_replaces_the_old_one",
        "test_replaced_contact_is_read_at_once",
    ),
    "S105": (
        "test_bill_to_contact_arrives_as_child_of_the_customer",
        "test_synced_marker_cannot_be_set",
    ),
    "S106": (
        "test_contacts_form_inside_its_customers_is_read_only",
        "test_context_from_outside_does_not_open_the_contact",
    ),
    "S107": (
        "test_automatic_merge_goes_on_after_a_synced_contact",
        "test_automatic_merge_leaves_out_only_the_synced_contact",
    ),
    "S108": ("test_lists_and_cards_show_the_connection_and_the_origin",),
    "S109": (
        "test_contact_is_imported_beside_an_archived_invoice_address",
        "test_contact_that_moves_to_an_address_of_accounting_is_removed",
    ),
    "S110": (
        "test_ordinary_contact_can_be_edited_in_the_form",
        "test_invoice_address_is_neither_converted_nor_duplicated",
    ),
    "S111": (
        "test_contact_entered_by_hand_is_converted",
        "test_invisible_characters_make_no_second_contact",
    ),
    "S112": ("test_converted_contact_cannot_be_edited",),
    "S113": ("test_contact_entered_by_hand_is_converted",),
    "S114": (
        "test_contact_with_any_login_is_left_alone",
        "test_synced_contact_that_got_a_login_is_not_rewritten",
    ),
    "S115": ("test_disconnecting_removes_the_imported_contact",),
    "S116": ("test_disconnecting_removes_the_imported_contact",),
    "S117": ("test_disconnecting_removes_the_imported_contact",),
    "S118": (
        "test_batch_does_not_go_to_a_removed_contact",
        "test_batch_holds_no_data_of_a_removed_contact",
    ),
    "S119": (
        "test_sent_messages_are_kept",
        "test_contact_with_messages_is_archived_without_address",
    ),
    "S120": (
        "test_other_contacts_are_not_removed",
        "test_converted_contact_is_restored_exactly",
    ),
    "S121": ("test_connecting_again_imports_the_contact_again",),
    "D1": (
        "test_another_customers_invoice_is_refused",
        "test_another_file_cannot_replace_a_kept_pdf",
    ),
    "D2": (
        "test_paused_contact_says_so",
        "test_removing_imported_contacts_removes_them",
    ),
    "D3": (
        "test_automation_rule_pins_the_pdf_for_a_user_without_invoicing",
        "test_batch_mails_a_pdf_changed_after_its_dialog_opened",
    ),
    "D4": (
        "test_account_id_that_only_looks_meaningless_is_kept",
        "test_account_id_without_letters_and_digits_is_none",
    ),
    "D5": (
        "test_another_legal_form_is_a_conflict",
        "test_company_of_another_customer_is_not_connected",
    ),
    "D6": (
        "test_contact_with_any_login_is_left_alone",
        "test_read_only_accounting_cannot_post_on_a_row",
    ),
    "D7": (
        "test_draft_is_readdressed_to_the_customer",
        "test_merging_a_customer_away_restores_its_converted_contact",
    ),
    "D8": (
        "test_rescan_dialog_counts_the_disconnections_it_would_lift",
        "test_administrator_discards_disconnections_in_the_browser",
    ),
    "D9": (
        "test_credit_note_is_looked_up_too",
        "test_hit_of_unknown_type_with_a_positive_total_is_no_credit_note",
    ),
    "D10": (
        "test_cancelled_invoice_shows_odoos_pdf",
        "test_draft_is_not_looked_up",
    ),
    "D11": (
        "test_customer_of_a_branch_has_a_row",
        "test_every_customer_has_a_row",
    ),
    "D12": (
        "test_batch_dialog_does_not_warn_if_the_bill_to_contact_is_mailed",
        "test_batch_is_mailed_to_the_contact",
    ),
    "D13": (
        "test_chosen_pdf_needs_no_rendering_and_no_embedding",
        "test_e_invoice_carries_connectwises_pdf_as_a_second_file",
    ),
    "D14": (
        "test_attached_pdf_before_connectwises_is_first_choice",
        "test_batch_counts_expected_pdfs_if_attachments_come_first",
        "test_invoices_that_were_not_found_are_counted",
    ),
    "D15": (
        "test_broken_pdf_affects_only_its_invoice",
        "test_broken_pdf_is_asked_for_less_and_less_often",
    ),
    "D16": (
        "test_client_id_comes_from_the_server_if_the_field_is_empty",
        "test_missing_client_id_points_at_its_field",
    ),
    "D17": (
        "test_neutralized_copy_asks_nothing",
        "test_neutralized_copy_has_no_keys",
    ),
    "D18": (
        "test_another_company_with_the_same_id_is_set_aside",
        "test_automatic_matching_skips_a_customer_set_aside",
    ),
    "D19": (
        "test_archived_connection_is_not_asked",
        "test_archived_connection_is_used_by_nobody",
    ),
    "D20": (
        "test_company_created_from_the_customers_entry_is_marked",
        "test_confirmed_name_counts_again",
    ),
    "D21": (
        "test_bytes_after_a_packed_body_are_refused",
        "test_company_with_an_overlong_name_is_skipped_alone",
    ),
    "D22": (
        "test_attached_pdf_is_not_used_if_its_file_is_lost",
        "test_broken_file_is_fetched_again",
    ),
    "D23": (
        "test_auditor_cannot_pin_by_mailing_a_template",
        "test_auditor_cannot_pin_by_posting",
    ),
    "D24": (
        "test_disconnecting_does_what_was_said",
        "test_apps_says_what_uninstalling_deletes_and_keeps",
        "test_pdf_that_nobody_received_is_deleted",
        "test_received_pdf_is_kept_as_a_file_of_its_invoice",
    ),
}


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Return the names of all tests of the project."""
    files = [
        *ROOT.glob("benji_connectwise*/tests/*.py"),
        *ROOT.glob("tests/**/*.py"),
    ]
    return {
        name
        for file in files
        for name in re.findall(r"^ *def (test_\w+)", file.read_text(), re.MULTILINE)
    }


def test_every_statement_has_a_test() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text()
    stated = set()
    for cell in re.findall(r"^\| ([SD]\d+[^|]*) \|", text, re.MULTILINE):
        # A line may be about several statements: "S20–S34", "S56, S57".
        for kind, first, last in re.findall(r"([SD])(\d+)(?:–[SD](\d+))?", cell):
            stated |= {f"{kind}{n}" for n in range(int(first), int(last or first) + 1)}
    assert stated == set(TESTS)


@pytest.mark.parametrize("statement", TESTS)
def test_tests_of_a_statement_exist(statement: str, names: set[str]) -> None:
    assert set(TESTS[statement]) <= names
