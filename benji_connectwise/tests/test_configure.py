"""The wizard *Configure*."""

import os
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..lib.connectwise_client import REGIONS
from .common import ConnectwiseCommon


@tagged("post_install", "-at_install")
class TestConfigure(ConnectwiseCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.backend.unlink()
        cls.Wizard = cls.env["connectwise.backend.configure"].with_user(
            cls.administrator
        )

    @property
    def saved(self):
        return self.env["connectwise.backend"].search(
            [("company_id", "=", self.company.id)]
        )

    def wizard(self, **values):
        return self.Wizard.create(
            {
                "company_login_id": self.sandbox.company_login_id,
                "server_url": self.sandbox.url,
                "client_id": self.sandbox.client_id,
                "public_key": self.sandbox.public_key,
                "private_key": self.sandbox.private_key,
                **values,
            }
        )

    def arch(self):
        return etree.fromstring(self.Wizard.get_view(view_type="form")["arch"])

    def test_keys_are_asked_for_after_the_company_login_id(self):
        with Form(self.Wizard) as form:
            form.company_login_id = self.sandbox.company_login_id
            form.server_url = self.sandbox.url
            form.client_id = self.sandbox.client_id
        wizard = form.record
        wizard.action_next()
        self.assertEqual(wizard.step, "keys")
        with Form(wizard) as form:
            form.public_key = self.sandbox.public_key
            form.private_key = self.sandbox.private_key
        wizard.action_next()
        self.assertEqual(wizard.step, "contacts")
        with Form(wizard) as form:
            form.sync_contacts = True
        wizard.action_save()
        self.assertEqual(self.saved.state, "connected")
        self.assertTrue(self.saved.sync_contacts)
        self.assertChosen(self.invoice("CW1001"), "connectwise")

    def test_nothing_is_stored_before_save(self):
        wizard = self.wizard()
        wizard.action_next()
        wizard.action_next()
        self.assertFalse(self.saved)

    def test_back_keeps_what_was_entered(self):
        wizard = self.wizard(step="contacts")
        wizard.action_back()
        self.assertEqual(wizard.step, "keys")
        wizard.action_back()
        self.assertEqual(wizard.step, "address")
        self.assertEqual(wizard.public_key, self.sandbox.public_key)

    def test_company_login_id_is_required(self):
        wizard = self.wizard(company_login_id=" ")
        with self.no_requests():
            wizard.action_next()
        self.assertEqual(wizard.error_field, "company_login_id")
        self.assertEqual(wizard.step, "address")

    def test_both_keys_are_required(self):
        for name in ("public_key", "private_key"):
            with self.subTest(name):
                wizard = self.wizard(step="keys", **{name: False})
                wizard.action_next()
                self.assertEqual(wizard.error_field, name)

    def test_error_points_at_the_field_to_correct(self):
        for values, step, field in (
            ({"company_login_id": "nobody"}, "address", "company_login_id"),
            ({"server_url": "http://127.0.0.1:1"}, "address", "server_url"),
            ({"server_url": "not an address"}, "address", "server_url"),
            ({"public_key": "wrong"}, "keys", "public_key"),
            ({"private_key": "wrong"}, "keys", "public_key"),
        ):
            with self.subTest(values):
                wizard = self.wizard(step=step, **values)
                wizard.action_next()
                self.assertEqual(wizard.error_field, field)
                self.assertTrue(wizard.error_message)
                self.assertEqual(wizard.step, step)

    def test_error_is_shown_in_the_step_of_its_field(self):
        """Only the keys show that the address is wrong."""
        for step, fault in (("address", "unauthorized"), ("keys", "html_200")):
            with self.subTest(step):
                self.sandbox.clear_faults()
                self.sandbox.fault(fault, times=0)
                wizard = self.wizard(step=step)
                wizard.action_next()
                self.assertEqual(wizard.error_field, "server_url")
                self.assertEqual(wizard.step, "address")

    def test_missing_client_id_points_at_its_field(self):
        wizard = self.wizard(step="contacts", client_id=False)
        wizard.action_save()
        self.assertEqual(wizard.error_field, "client_id")
        self.assertEqual(wizard.step, "address")
        self.assertFalse(self.saved)

    def test_settings_that_do_not_work_are_not_saved(self):
        """The step with the field to correct is shown again."""
        wizard = self.wizard(step="contacts", private_key="wrong")
        wizard.action_save()
        self.assertFalse(self.saved)
        self.assertEqual(wizard.step, "keys")

    def test_wizard_says_that_connectwise_cannot_be_reached(self):
        self.sandbox.fault("unavailable", times=0)
        wizard = self.wizard()
        wizard.action_next()
        self.assertTrue(wizard.error_message)

    def test_eleven_instructions_stand_beside_the_keys(self):
        [steps] = self.arch().xpath("//div[@name='keys']//ol")
        texts = [" ".join("".join(li.itertext()).split()) for li in steps]
        for text, expected in zip(
            texts,
            (
                "Log into ConnectWise",
                "Go to System > Members",
                "Click the API Members Tab",
                "Click the + icon to add a new API Member",
                "Fill in the member details",
                "Select the Finance Role ID, or a role with the permission"
                " Finance::Invoicing::Inquire::All",
                "Click Save",
                "Click the API Keys tab",
                "Click the + icon to add a new API Key",
                "Fill in the API Key description",
                "Click Save and copy the Public and Private keys into this form. The"
                " private key is shown once.",
            ),
            strict=True,
        ):
            self.assertTrue(text.startswith(expected), text)

    def test_private_key_is_masked(self):
        for field in self.arch().xpath("//field[@name='private_key']"):
            self.assertEqual(field.get("password"), "True")

    def test_contact_importing_has_exactly_two_options(self):
        [options] = self.arch().xpath("//div[@name='options']")
        names = [field.get("name") for field in options.iter("field")]
        self.assertEqual(names, ["sync_contacts", "auto_enable_contacts"])
        fields = self.Wizard.fields_get(names, ["string"])
        self.assertEqual(
            [fields[name]["string"] for name in names],
            [
                "Synchronize customers/contacts from ConnectWise",
                "Automatically enable contacts imported from ConnectWise that match"
                " accounting client companies",
            ],
        )

    def test_contact_options_are_off_by_default(self):
        self.wizard(step="contacts").action_save()
        self.assertFalse(self.saved.sync_contacts or self.saved.auto_enable_contacts)

    def test_wizard_names_a_missing_right_and_saves(self):
        wizard = self.wizard(
            step="contacts",
            public_key=self.sandbox.pdf_public_key,
            private_key=self.sandbox.pdf_private_key,
            sync_contacts=True,
        )
        notification = wizard.action_save()["params"]
        self.assertEqual(self.saved.state, "connected")
        self.assertIn("Company Maintenance", self.saved.last_error)
        # A notice is not green if a right is missing.
        self.assertEqual(notification["type"], "warning")
        self.assertIn("Company Maintenance", notification["message"])

    def pdf_member(self, **values):
        return self.wizard(
            step="contacts",
            public_key=self.sandbox.pdf_public_key,
            private_key=self.sandbox.pdf_private_key,
            **values,
        )

    def test_rights_are_tested_when_the_option_is_chosen(self):
        """Before it is saved; without the option the same rights are enough."""
        with Form(self.pdf_member()) as form:
            form.sync_contacts = True
            self.assertIn("Company Maintenance", form.access_missing)
            form.sync_contacts = False
            self.assertFalse(form.access_missing)
            self.assertIn("✓\N{NO-BREAK SPACE}Invoicing", form.access_summary)
        self.assertFalse(self.saved)

    def test_option_says_that_connectwise_does_not_answer(self):
        """The person stays where he is."""
        wizard = self.wizard(step="contacts")
        self.sandbox.fault("unavailable", times=0)
        with Form(wizard) as form:
            form.sync_contacts = True
            self.assertTrue(form.access_missing)
            self.assertFalse(form.access_summary)
        self.assertEqual(wizard.step, "contacts")

    def test_rights_of_a_saved_option_are_tested_with_the_keys(self):
        wizard = self.pdf_member(sync_contacts=True)
        wizard.step = "keys"
        wizard.action_next()
        self.assertEqual(wizard.step, "contacts")
        self.assertIn("Company Maintenance", wizard.access_missing)

    def test_keys_stay_while_the_address_is_corrected(self):
        wizard = self.wizard(step="keys", server_url="http://127.0.0.1:1")
        wizard.action_next()
        self.assertEqual(wizard.step, "address")
        wizard.server_url = self.sandbox.url
        wizard.action_next()
        self.assertEqual(wizard.step, "keys")
        self.assertEqual(wizard.public_key, self.sandbox.public_key)
        self.assertTrue(wizard.has_private_key)
        wizard.action_next()
        self.assertEqual(wizard.step, "contacts")

    def sync_state(self):
        rows = self.env["connectwise.mapping"].with_user(self.administrator)
        return rows.with_company(self.company).get_report_status()["state"]

    def test_saving_starts_to_read_the_customers(self):
        self.wizard(step="contacts").action_save()
        self.assertEqual(self.sync_state(), "idle")
        self.wizard(step="contacts", sync_contacts=True).action_save()
        self.assertEqual(self.sync_state(), "queued")

    def test_priority_is_asked_for_only_if_connectwise_is_not_in_it(self):
        self.set_priority("odoo")
        saved = self.wizard(step="contacts").action_save()["params"]
        self.assertIn("Invoice PDF Priority", saved["message"])
        self.set_priority("odoo", "connectwise")
        saved = self.wizard(step="contacts").action_save()["params"]
        self.assertNotIn("Invoice PDF Priority", saved["message"])

    def test_nothing_is_read_where_the_rights_are_missing(self):
        self.pdf_member(sync_contacts=True).action_save()
        self.assertEqual(self.sync_state(), "idle")

    def test_regions_name_their_hosts(self):
        names = dict(self.Wizard.fields_get(["region"])["region"]["selection"])
        for region, host in REGIONS.items():
            self.assertIn(host.removeprefix("api-"), names[region])

    def test_own_server_is_a_bare_host(self):
        with Form(self.Wizard) as form:
            form.region = "own"
            form.server_url = "psa.example.com"
            self.assertEqual(form.region, "own")
            form.company_login_id = "acme"
        form.record.action_next()
        # It was looked for; it is none that exists.
        self.assertNotIn("not an address", form.record.error_message)

    def test_listed_host_without_https_is_a_bare_host_too(self):
        wizard = self.wizard(server_url=self.sandbox.host)
        wizard.action_next()
        self.assertEqual(wizard.step, "keys", wizard.error_message)
        self.assertEqual(wizard.server_url, self.sandbox.url)

    def test_host_that_is_not_listed_is_not_asked_without_https(self):
        wizard = self.wizard(server_url=self.sandbox.host)
        nothing = {"BENJI_CONNECTWISE_LOCAL_HOSTS": ""}
        with patch.dict(os.environ, nothing), self.no_requests():
            wizard.action_next()
        self.assertEqual(wizard.error_field, "server_url")

    def test_servers_client_id_is_used_and_not_saved(self):
        """The dialog says that the server has one."""
        server = {"BENJI_CONNECTWISE_CLIENT_ID": self.sandbox.client_id}
        with patch.dict(os.environ, server):
            wizard = self.wizard(step="contacts", client_id=False)
            self.assertTrue(wizard.is_client_id_on_server)
            wizard.action_save()
        self.assertEqual(self.saved.state, "connected")
        self.assertFalse(self.saved.client_id)

    def test_no_company_is_asked_for_without_contact_sync(self):
        self.wizard(step="contacts").action_save()
        self.assertFalse(self.requests("/company/"))

    def test_wizard_reopens_with_the_saved_values(self):
        """The private key is left out."""
        self.wizard(step="contacts", sync_contacts=True).action_save()
        with Form(self.Wizard) as form:
            self.assertEqual(form.company_login_id, self.sandbox.company_login_id)
            self.assertEqual(form.server_url, self.sandbox.url)
        wizard = form.record
        self.assertTrue(wizard.sync_contacts)
        self.assertTrue(wizard.has_private_key)
        self.assertFalse(wizard.private_key)

    def test_empty_private_key_keeps_the_saved_one(self):
        self.wizard(step="contacts").action_save()
        wizard = self.Wizard.create({"step": "contacts", "auto_enable_contacts": True})
        wizard.action_save()
        self.assertEqual(self.saved.state, "connected")
        self.assertTrue(self.saved.auto_enable_contacts)
        self.assertChosen(self.invoice("CW1001"), "connectwise")

    def test_saved_private_key_is_sent_only_to_the_saved_address(self):
        """Another server must not get it when somebody types its address."""
        self.wizard(step="contacts").action_save()
        port = self.sandbox.host.rpartition(":")[2]
        self._allow_local_host(f"{self.sandbox.host},localhost:{port}")
        wizard = self.Wizard.create(
            {"step": "keys", "server_url": f"http://localhost:{port}"}
        )
        with self.no_requests():
            wizard.action_next()
        self.assertEqual(wizard.error_field, "private_key")

    def test_typed_private_key_is_never_sent_back(self):
        wizard = self.wizard()
        self.assertNotIn(self.sandbox.private_key, str(wizard.read()))
        self.assertNotIn("typed_private_key", wizard._fields)

    def test_saving_wipes_the_typed_key(self):
        wizard = self.wizard(step="contacts")
        wizard.action_save()
        self.assertFalse(wizard.exists())

    def test_wizard_saves_for_the_company_it_was_opened_in(self):
        """Another company was chosen in another tab meanwhile."""
        wizard = self.wizard(step="contacts")
        other = self.new_odoo_company()
        self.administrator.company_ids += other
        companies = [other.id, self.company.id]
        wizard.with_context(allowed_company_ids=companies).action_save()
        self.assertEqual(self.saved.company_id, self.company)

    def test_saving_unarchives_an_archived_connection(self):
        self.wizard(step="contacts").action_save()
        saved = self.saved
        saved.active = False
        self.wizard(step="contacts").action_save()
        self.assertEqual(self.saved, saved)

    def test_region_fills_in_the_address(self):
        with Form(self.Wizard) as form:
            form.region = "eu"
            self.assertEqual(form.server_url, "eu.myconnectwise.net")
            form.server_url = "https://NA.myconnectwise.net/v4_6_release/apis/3.0"
            self.assertEqual(form.region, "na")
            form.server_url = "psa.example.com"
            self.assertEqual(form.region, "own")
            form.company_login_id = "acme"

    def test_only_the_invoicing_administrator_configures(self):
        with self.assertRaises(AccessError):
            self.Wizard.with_user(self.accountant).create({})


@tagged("post_install", "-at_install")
class TestConfigureAgain(ConnectwiseCommon):
    """The wizard of a connection that was saved before."""

    def test_emptied_field_causes_no_traceback(self):
        """The dialog compares values while somebody types."""
        self.env["connectwise.company"].sudo().create(
            {"backend_id": self.backend.id, "connectwise_ref": 1, "name": "Acme"}
        )
        wizard = self.env["connectwise.backend.configure"].with_user(self.administrator)
        for name in ("company_login_id", "server_url"):
            with self.subTest(name):
                dialog = wizard.create({name: False})
                self.assertFalse(dialog.read([name])[0][name])
                dialog.read(["another_explanation"])
