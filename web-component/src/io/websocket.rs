//! WebSockets with the subprotocol `xmpp` (RFC 7395 §3.1).

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, WebSocket};
use xmpp::collections::VecMap;
use xmpp_client::api::SocketId;

use super::{Owned, Owner, tell, window};

struct Open {
    socket: WebSocket,
    // JavaScript calls these as long as the socket stands.
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

pub(crate) struct Sockets {
    owner: Owner,
    open: RefCell<VecMap<SocketId, Open>>,
}

impl Sockets {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner, open: RefCell::default() }
    }

    /// Opens a socket; `url` may be relative to the page and may be `http(s):`.
    pub(crate) fn open(&self, id: SocketId, url: &str) {
        match self.connect(id, url) {
            Ok(open) => {
                self.open.borrow_mut().insert(id, open);
            }
            // A page under https may not open ws:, an address may be nonsense: the client hears that it is closed.
            Err(_) => tell(&self.owner, Owned::Closed(id)),
        }
    }

    pub(crate) fn send(&self, id: SocketId, text: &str) {
        if let Some(open) = self.open.borrow().get(&id) {
            // Fails only when the socket is not open; then `close` has come or comes.
            let _ = open.socket.send_with_str(text);
        }
    }

    pub(crate) fn close(&self, id: SocketId) {
        let gone = self.open.borrow_mut().remove(&id);
        drop(gone);
    }

    pub(crate) fn clear(&self) {
        let gone = std::mem::take(&mut *self.open.borrow_mut());
        drop(gone);
    }

    fn connect(&self, id: SocketId, url: &str) -> Result<Open, JsValue> {
        let socket = WebSocket::new_with_str(&socket_url(url)?, "xmpp")?;
        let on_open = {
            let owner = self.owner.clone();
            Closure::new(move || tell(&owner, Owned::Opened(id)))
        };
        let on_message = {
            let owner = self.owner.clone();
            Closure::new(move |event: MessageEvent| {
                // RFC 7395 §3.3.3: XMPP is in text frames; a binary one says nothing.
                if let Some(text) = event.data().as_string() {
                    tell(&owner, Owned::Text(id, text));
                }
            })
        };
        let on_close = {
            let owner = self.owner.clone();
            Closure::new(move || {
                if let Some(driver) = owner.upgrade() {
                    driver.push(Owned::Closed(id));
                    driver.forget_socket(id);
                }
            })
        };
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Ok(Open { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })
    }
}

/// Absolute and with a WebSocket scheme: old browsers take neither relative addresses nor `https:`.
fn socket_url(url: &str) -> Result<String, JsValue> {
    let base = window().document().and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    let absolute: String = js_sys::Reflect::get(&new_url(url, &base)?, &"href".into())?.as_string().unwrap_or_default();
    Ok(match absolute.strip_prefix("http") {
        Some(rest) => format!("ws{rest}"),
        None => absolute,
    })
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = URL)]
    type Url;

    #[wasm_bindgen(constructor, catch, js_class = URL)]
    fn new(url: &str, base: &str) -> Result<Url, JsValue>;
}

fn new_url(url: &str, base: &str) -> Result<JsValue, JsValue> {
    Ok(Url::new(url, base)?.into())
}
