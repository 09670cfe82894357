//! A raw BOSH client (XEP-0124, XEP-0206).

use std::net::SocketAddr;

use xmpp::Element;

use super::{Answer, http, password, plain};

pub const HTTPBIND: &str = "http://jabber.org/protocol/httpbind";

/// A session.
pub struct Bosh {
    pub domain: String,
    pub address: SocketAddr,
    pub sid: String,
    pub rid: u64,
}

impl Bosh {
    pub async fn post(address: SocketAddr, body: &str) -> Answer {
        http(address, "POST", "/http-bind", &[("content-type", "text/xml; charset=utf-8")], body).await
    }

    /// One request; the answer's elements.
    pub async fn request(&mut self, attributes: &str, payload: &str) -> Vec<Element> {
        let body = format!(
            "<body rid='{}' sid='{}' {attributes} xmlns='{HTTPBIND}' xmlns:xmpp='urn:xmpp:xbosh'>{payload}</body>",
            self.rid, self.sid
        );
        self.rid += 1;
        let answer = Self::post(self.address, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = xmpp::xml::parse(&answer.text()).unwrap();
        assert!(body.is("body", HTTPBIND));
        if let Some(condition) = body.attr("condition") {
            panic!("terminated: {condition}");
        }
        body.into_children().collect()
    }

    pub async fn send(&mut self, payload: &str) -> Vec<Element> {
        self.request("", payload).await
    }

    pub async fn until(&mut self, first: &str, wanted: impl Fn(&Element) -> bool) -> Element {
        let mut payload = first;
        loop {
            if let Some(found) = self.send(payload).await.into_iter().find(|element| wanted(element)) {
                return found;
            }
            payload = "";
        }
    }

    pub async fn create(address: SocketAddr, wait: u32) -> (Self, Element) {
        Self::create_at(address, "localhost", wait).await
    }

    /// At another domain.
    pub async fn create_at(address: SocketAddr, domain: &str, wait: u32) -> (Self, Element) {
        let rid = 4_000_000_001;
        let body = format!(
            "<body rid='{rid}' to='{domain}' wait='{wait}' hold='1' ver='1.11' content='text/xml; charset=utf-8' xml:lang='en' xmpp:version='1.0' xmlns='{HTTPBIND}' xmlns:xmpp='urn:xmpp:xbosh'/>"
        );
        let answer = Self::post(address, &body).await;
        let body = xmpp::xml::parse(&answer.text()).unwrap();
        let sid = body.attr("sid").unwrap_or_else(|| panic!("{}", answer.text())).to_owned();
        assert!(sid.len() >= 32);
        (Self { domain: domain.to_owned(), address, sid, rid: rid + 1 }, body)
    }

    pub async fn online(address: SocketAddr, user: &str, wait: u32) -> (Self, String) {
        Self::online_at(address, "localhost", user, wait).await
    }

    /// At another domain.
    pub async fn online_at(address: SocketAddr, domain: &str, user: &str, wait: u32) -> (Self, String) {
        let (mut bosh, created) = Self::create_at(address, domain, wait).await;
        let features = created.children().next().cloned();
        let features = match features {
            Some(features) => features,
            None => bosh.send("").await.remove(0),
        };
        assert!(features.to_xml().contains("SCRAM-SHA-1"));
        bosh.until(&plain(user, &password(user)), |element| element.name() == "success").await;
        let features = bosh.request(&format!("xmpp:restart='true' to='{}'", bosh.domain), "").await;
        assert!(features[0].to_xml().contains("urn:ietf:params:xml:ns:xmpp-bind"), "{}", features[0].to_xml());
        let bound = bosh
            .until(
                "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
                |element| element.attr("id") == Some("bind"),
            )
            .await;
        let jid = bound.children().next().unwrap().children().next().unwrap().text();
        bosh.send("<presence xmlns='jabber:client'/>").await;
        (bosh, jid)
    }
}
