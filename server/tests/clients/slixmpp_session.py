"""slixmpp against the server: two accounts, three sessions, everything that a native client does in an ordinary day.

Called as: slixmpp_session.py starttls|direct HOST PORT CERTIFICATE. Ends with 0 when all of it came true.
"""

import asyncio
import sys
from pathlib import Path

import slixmpp

PATIENCE = 20
DOMAIN = "localhost"


class Session(slixmpp.ClientXMPP):
    """One signed-in client; what it hears waits in queues."""

    def __init__(self, local, resource, how, certificate):
        super().__init__(f"{local}@{DOMAIN}/{resource}", f"{local}-password")
        self.enable_direct_tls = how == "direct"
        self.enable_starttls = how == "starttls"
        self.enable_plaintext = False
        self.ca_certs = Path(certificate)
        for plugin in ["xep_0030", "xep_0198", "xep_0199", "xep_0280", "xep_0313"]:
            self.register_plugin(plugin)
        self.messages = asyncio.Queue()
        self.carbons = asyncio.Queue()
        self.subscribed = asyncio.Queue()
        self.started = asyncio.Event()
        self.auto_authorize = True
        self.auto_subscribe = False
        self.add_event_handler("session_start", lambda _: self.started.set())
        self.add_event_handler("message", self.heard)
        self.add_event_handler("carbon_sent", lambda stanza: self.carbons.put_nowait(stanza["carbon_sent"]))
        self.add_event_handler("carbon_received", lambda stanza: self.carbons.put_nowait(stanza["carbon_received"]))
        self.add_event_handler("presence_subscribed", self.subscribed.put_nowait)
        self.add_event_handler("failed_all_auth", lambda _: fail("authentication failed"))

    def heard(self, message):
        if message["type"] == "chat" and message["body"]:
            self.messages.put_nowait(message)

    async def sign_in(self, host, port):
        self.connect(host, port)
        await within(self.started.wait())
        await within(self.get_roster())
        self.send_presence()


def fail(text):
    print("FAILED:", text, flush=True)
    sys.exit(1)


def check(truth, text):
    if not truth:
        fail(text)


async def within(coroutine):
    return await asyncio.wait_for(coroutine, PATIENCE)


async def run(how, host, port, certificate):
    alice = Session("alice", "desk", how, certificate)
    phone = Session("alice", "phone", how, certificate)
    bob = Session("bob", "desk", how, certificate)
    for session in [alice, phone, bob]:
        await session.sign_in(host, port)
        check(session.is_connected(), "not connected")
        check(session.transport.get_extra_info("ssl_object") is not None, "no TLS")
        await within(session.plugin["xep_0280"].enable())
        check(session.plugin["xep_0198"].sm_id, "no session that can be resumed")
    check(alice.boundjid.full == f"alice@{DOMAIN}/desk", f"bound as {alice.boundjid}")

    # Roster: both ask, both are allowed.
    alice.send_presence_subscription(pto=bob.boundjid.bare, ptype="subscribe")
    await within(alice.subscribed.get())
    bob.send_presence_subscription(pto=alice.boundjid.bare, ptype="subscribe")
    await within(bob.subscribed.get())
    await within(alice.update_roster(bob.boundjid.bare, name="Bob at work", groups=["Colleagues"]))
    await within(alice.get_roster())
    item = alice.client_roster[bob.boundjid.bare]
    check(item["subscription"] == "both", f"subscription is {item['subscription']}")
    check(item["name"] == "Bob at work" and item["groups"] == ["Colleagues"], "name or groups are lost")

    # Chat both ways, and each word at every device of alice.
    alice.send_message(mto=bob.boundjid.bare, mbody="Grüße & <b>more</b>", mtype="chat")
    heard = await within(bob.messages.get())
    check(heard["body"] == "Grüße & <b>more</b>", f"bob heard {heard['body']}")
    check(heard["from"] == alice.boundjid, f"from {heard['from']}")
    carbon = await within(phone.carbons.get())
    check(carbon["body"] == "Grüße & <b>more</b>" and carbon["to"].bare == bob.boundjid.bare, "no carbon of the sent one")
    bob.send_message(mto=alice.boundjid.full, mbody="to the desk only", mtype="chat")
    heard = await within(alice.messages.get())
    check(heard["body"] == "to the desk only", f"alice heard {heard['body']}")
    carbon = await within(phone.carbons.get())
    check(carbon["body"] == "to the desk only", "no carbon of the received one")

    # History.
    words = []
    async for stanza in alice.plugin["xep_0313"].iterate(with_jid=bob.boundjid.bare):
        words.append(stanza["mam_result"]["forwarded"]["message"]["body"])
    check(words == ["Grüße & <b>more</b>", "to the desk only"], f"the archive holds {words}")

    # Ping, and what the server says of itself.
    check(await within(alice.plugin["xep_0199"].ping(DOMAIN, timeout=PATIENCE)) < PATIENCE, "no answer to a ping")
    info = await within(alice.plugin["xep_0030"].get_info(jid=DOMAIN))
    check("urn:xmpp:ping" in info["disco_info"]["features"], "disco#info says nothing of pings")

    # Words for somebody who is away wait.
    await within(bob.disconnect())
    alice.send_message(mto=bob.boundjid.bare, mbody="while you were out", mtype="chat")
    check(await within(alice.plugin["xep_0199"].ping(DOMAIN, timeout=PATIENCE)) < PATIENCE, "no answer to a ping")
    bob = Session("bob", "later", how, certificate)
    await bob.sign_in(host, port)
    heard = await within(bob.messages.get())
    check(heard["body"] == "while you were out", f"bob heard {heard['body']}")
    for session in [alice, phone, bob]:
        await within(session.disconnect())


if __name__ == "__main__":
    how, host, port, certificate = sys.argv[1:]
    asyncio.run(asyncio.wait_for(run(how, host, int(port), certificate), 60))
    print("everything came true")
