//! Tells the view once per animation frame, and by a timer while the page is hidden, when browsers draw no frames.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use super::{Owner, window};

/// How often a hidden page is told.
const HIDDEN_MS: i32 = 1_000;

#[derive(Clone, Copy)]
enum Pending {
    Frame(i32),
    Timeout(i32),
}

pub(crate) struct Frames {
    owner: Owner,
    pending: Cell<Option<Pending>>,
    callback: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Frames {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner, pending: Cell::new(None), callback: RefCell::new(None) }
    }

    /// Asks for one flush; further calls before it comes are the same flush.
    pub(crate) fn request(&self) {
        let window = window();
        let hidden = window.document().is_some_and(|document| document.hidden());
        match self.pending.get() {
            Some(Pending::Frame(_)) if hidden => self.cancel(),
            Some(_) => return,
            None => {}
        }
        let mut callback = self.callback.borrow_mut();
        let callback = callback.get_or_insert_with(|| {
            let owner = self.owner.clone();
            Closure::new(move || {
                if let Some(driver) = owner.upgrade() {
                    driver.frame();
                }
            })
        });
        let function = callback.as_ref().unchecked_ref();
        let pending = if hidden {
            window.set_timeout_with_callback_and_timeout_and_arguments_0(function, HIDDEN_MS).map(Pending::Timeout)
        } else {
            window.request_animation_frame(function).map(Pending::Frame)
        };
        self.pending.set(pending.ok());
    }

    /// The frame has come.
    pub(crate) fn done(&self) {
        self.pending.set(None);
    }

    pub(crate) fn cancel(&self) {
        match self.pending.take() {
            Some(Pending::Frame(handle)) => {
                let _ = window().cancel_animation_frame(handle);
            }
            Some(Pending::Timeout(handle)) => window().clear_timeout_with_handle(handle),
            None => {}
        }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.cancel();
    }
}
