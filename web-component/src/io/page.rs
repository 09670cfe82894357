//! The page's life: network, visibility, the end.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::EventTarget;
use xmpp_client::api::PageEvent;

use super::{Owned, Owner, tell, window};

struct Listener {
    target: EventTarget,
    name: &'static str,
    callback: Closure<dyn FnMut()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.name, self.callback.as_ref().unchecked_ref());
    }
}

pub(crate) struct Page {
    listeners: RefCell<Vec<Listener>>,
}

impl Page {
    pub(crate) fn new(owner: Owner) -> Self {
        let window = window();
        let mut listeners = Vec::new();
        let mut listen = |target: EventTarget, name: &'static str, event: fn() -> PageEvent| {
            let owner = owner.clone();
            let callback: Closure<dyn FnMut()> = Closure::new(move || tell(&owner, Owned::Page(event())));
            if target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref()).is_ok() {
                listeners.push(Listener { target, name, callback });
            }
        };
        listen(window.clone().into(), "online", || PageEvent::Online);
        listen(window.clone().into(), "offline", || PageEvent::Offline);
        // `pagehide` also comes on phones, where `beforeunload` does not.
        listen(window.clone().into(), "pagehide", || PageEvent::Unload);
        // Back from the browser's back/forward cache.
        listen(window.clone().into(), "pageshow", visibility);
        if let Some(document) = window.document() {
            listen(document.into(), "visibilitychange", visibility);
        }
        Self { listeners: RefCell::new(listeners) }
    }

    pub(crate) fn clear(&self) {
        self.listeners.borrow_mut().clear();
    }
}

fn visibility() -> PageEvent {
    let hidden = window().document().is_some_and(|document| document.hidden());
    if hidden { PageEvent::Hidden } else { PageEvent::Visible }
}
