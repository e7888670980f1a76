"""Calls that claim to be from ConnectWise: what is believed, and at what price."""

import json

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..lib.connectwise_client.const import KEYS_A_MINUTE, MAX_CALL_BYTES
from .callback_common import CallbackCommon

KEYS = "callbackkey"


@tagged("post_install", "-at_install")
class TestAccepted(CallbackCommon):
    def test_signed_call_stores_type_and_id(self):
        response = self.post(self.body("contact", 10001))
        self.assertEqual((response.status_code, response.content), (204, b""))
        self.assertEqual(self.called_about(), [("contact", 10001)])
        stored = self.changes.read()[0].keys()
        own = {"backend_id", "kind", "ref", "id", "display_name"}
        log = {"create_uid", "create_date", "write_uid", "write_date"}
        self.assertEqual(stored, own | log)

    def test_call_creates_no_session(self):
        response = self.post(self.body())
        self.assertNotIn("Set-Cookie", response.headers)

    def test_each_call_about_a_record_is_stored(self):
        """The record may have been read for an earlier call a moment ago."""
        for _ in range(2):
            self.assertEqual(self.post(self.body()).status_code, 204)
        self.assertEqual(self.called_about(), [("company", 1001)] * 2)

    def test_key_is_asked_for_once(self):
        for ref in (1001, 1002, 1003):
            self.post(self.body(ref=ref))
        self.assertEqual(len(self.requests(KEYS)), 1)

    def test_query_parameters_are_ignored(self):
        url = f"{self.entry()['url']}9999&action=deleted&ref=5&token=x&db=other"
        self.assertEqual(self.post(self.body(), url=url).status_code, 204)
        self.assertEqual(self.called_about(), [("company", 1001)])

    def test_call_about_customers_is_dropped_where_they_are_not_read(self):
        self.backend.sync_contacts = False
        self.assertEqual(self.post(self.body()).status_code, 204)
        self.assertEqual(self.called_about(), [])

    def test_time_of_the_last_call_is_kept(self):
        self.post(self.body())
        self.assertTrue(self.callback.last_call)
        self.assertFalse(self.callback.last_refusal)

    def test_body_of_a_form_is_read_unparsed(self):
        response = self.post(
            self.body(), **{"Content-Type": "application/x-www-form-urlencoded"}
        )
        self.assertEqual(response.status_code, 204)


@tagged("post_install", "-at_install")
class TestRefused(CallbackCommon):
    """Each step alone: all but one thing is as ConnectWise sends it."""

    def test_call_with_a_wrong_token_is_refused(self):
        """Nothing else happens, however much is sent."""
        body = self.body()
        for token in ("x", "%C3%A9", "x" * 1000):
            for sent in (body, body.ljust(MAX_CALL_BYTES + 1000)):
                with self.subTest(token=token[:5], size=len(sent)):
                    response = self.post(sent, url=self.replace_token(token))
                    self.assertRefused(response)
        self.assertEqual(self.requests(), [])
        self.assertFalse(self.callback.last_refusal)

    def test_refusing_a_wrong_token_costs_few_statements(self):
        url, body = self.replace_token("x"), self.body()
        self.post(body, url=url)
        with self.assertQueryCount(4):
            self.assertRefused(self.post(body, url=url))

    def test_call_for_an_unknown_connection_is_refused(self):
        path, _slash, token = self.entry()["url"].rpartition("/")
        for ref in ("0", "x", "-1", "9" * 9, "9" * 30, "٣"):
            with self.subTest(ref):
                url = f"{path.rpartition('/')[0]}/{ref}/{token}"
                self.assertRefused(self.post(self.body(), url=url))

    def test_token_of_another_connection_is_refused(self):
        other = self.backend.create(
            {
                "company_id": self.new_odoo_company().id,
                "server_url": self.sandbox.url,
                "company_login_id": "other",
            }
        )
        url = self.entry()["url"].replace(f"/{self.backend.id}/", f"/{other.id}/")
        self.assertRefused(self.post(self.body(), url=url))

    def test_call_for_an_archived_connection_is_refused(self):
        url, body = self.entry()["url"], self.body()
        self.backend.active = False
        self.assertRefused(self.post(body, url=url))

    def test_leftover_callback_of_an_archived_connection_is_refused(self):
        url, body = self.entry()["url"], self.body()
        query = "UPDATE connectwise_backend SET active = FALSE WHERE id = %s"
        self.env.cr.execute(query, [self.backend.id])
        self.env.invalidate_all()
        self.assertRefused(self.post(body, url=url))

    def test_earlier_token_is_refused(self):
        url, body = self.entry()["url"], self.body()
        self.new_address()
        self.assertRefused(self.post(body, url=url))
        self.assertEqual(self.post(self.body()).status_code, 204)

    def new_address(self):
        self.env["connectwise.callback.settings"].create(
            {"backend_id": self.backend.id}
        ).action_switch_on()

    def test_other_methods_than_post_are_refused(self):
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"):
            with self.subTest(method):
                self.assertRefused(self.post(self.body(), method=method))

    def test_oversized_call_is_refused(self):
        self.assertRefused(self.post(self.body().ljust(MAX_CALL_BYTES + 1)))
        self.assertEqual(self.requests(), [])

    def test_oversized_form_is_refused(self):
        for kind in (
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ):
            body = self.body().ljust(MAX_CALL_BYTES + 1)
            self.assertRefused(self.post(body, **{"Content-Type": kind}))

    def test_largest_size_is_read(self):
        body = self.body().ljust(MAX_CALL_BYTES)
        self.assertEqual(self.post(body).status_code, 204)

    def test_malformed_call_is_refused(self):
        for body in (
            b"",
            b"null",
            b"<html>",
            b"\xff\xfe",
            b"[" * 100_000,
            self.body(Metadata=None),
            self.body(Type="ticket"),
            self.body(ID="1001"),
            self.body(ID=2**31),
            self.body(MessageId="a\0b"),
        ):
            with self.subTest(body[:40]):
                self.assertRefused(self.post(body))
        self.assertEqual(self.requests(), [])

    def test_call_from_another_login_company_is_refused(self):
        self.assertRefused(self.post(self.body(CompanyId="other")))
        self.assertEqual(self.requests(), [])

    def test_repeated_call_is_refused(self):
        """Nothing is asked of anybody, and nothing read again."""
        body = self.body()
        self.assertEqual(self.post(body).status_code, 204)
        self.changes.unlink()
        self.sandbox.clear_requests()
        self.assertRefused(self.post(body))
        self.assertEqual(self.requests(), [])

    def test_refused_call_may_come_again(self):
        """ConnectWise repeats a call after 404: the first one must not count."""
        body = self.body()
        self.assertRefused(self.post(body, signature="x"))
        self.assertEqual(self.post(body).status_code, 204)

    def test_key_at_another_address_is_not_fetched(self):
        good = json.loads(self.body())["Metadata"]["key_url"]
        host = self.sandbox.host
        page = good.partition(host)[2]
        with self.subTest("good"):
            self.assertTrue(good.startswith(f"http://{host}/"))
        for url in (
            good.replace("http:", "https:"),
            good.replace("http:", "ftp:"),
            f"http://user:secret@{host}{page}",
            f"http://{host}@{self.odoo_host}{page}",
            f"http://{self.odoo_host}{page}",
            f"http://127.0.0.1{page}",
            f"http://localhost:{host.partition(':')[2]}{page}",
            f"http://{host}.evil.example{page}",
            f"https://keys.connectwise.example{page}",
            f"https://169.254.169.254{page}",
            f"https://[::1]{page}",
            f"https://10.0.0.1{page}",
            f"http://{host}/elsewhere{page.partition('index.rails')[2]}",
            f"http://{host}/x/..{page}",
            good.replace("companyName=acme", "companyName=other"),
            good + "&companyName=acme",
            good.partition("?")[0],
            good + "#",
        ):
            with self.subTest(url):
                self.assertRefused(self.post(self.body(Metadata={"key_url": url})))
        self.assertEqual(self.requests(), [])

    def test_redirect_of_the_key_is_not_followed(self):
        self.sandbox.fault("redirect_other_host", "callback_key")
        self.assertRefused(self.post(self.body()))
        self.assertEqual(len(self.requests()), 1)

    def test_call_is_refused_if_its_key_cannot_be_fetched(self):
        for fault in ("unavailable", "html_200", "shape_list", "reset_in_body"):
            with self.subTest(fault):
                self.sandbox.fault(fault, "callback_key")
                self.assertRefused(self.post(self.body()))

    def test_few_keys_are_fetched_in_a_minute(self):
        self.sandbox.fault("unavailable", "callback_key", times=0)
        for _ in range(KEYS_A_MINUTE + 3):
            self.assertRefused(self.post(self.body()))
        self.assertEqual(len(self.requests(KEYS)), KEYS_A_MINUTE)

    def test_wrong_signature_is_refused(self):
        body = self.body()
        sign = self.sandbox.callbacks.sign
        for signature in ("", "x", sign(body + b" "), "é"):
            with self.subTest(signature):
                self.assertRefused(
                    self.post(body, signature=signature.encode().decode("latin-1"))
                )
        self.assertTrue(self.callback.last_refusal)

    def test_signature_is_of_the_raw_body(self):
        body = self.body()
        spaced = json.dumps(json.loads(body), indent=1).encode()
        self.assertRefused(
            self.post(spaced, signature=self.sandbox.callbacks.sign(body))
        )

    def test_signature_of_an_earlier_key_is_refused(self):
        body = self.body()
        signature = self.sandbox.callbacks.sign(body)
        self.sandbox.change_signing_key()
        self.assertRefused(self.post(self.body(), signature=signature))

    def test_error_of_the_database_is_answered_like_a_refusal(self):
        """Nobody outside learns of it."""
        self.env.cr.execute("ALTER TABLE connectwise_callback_change RENAME TO gone")
        body = self.body()
        with mute_logger("odoo.sql_db", "odoo.http"):
            response = self.post(body)
        self.assertEqual((response.status_code, response.content), (404, b""))
