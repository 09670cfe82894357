//! The one deadline of the client.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;
use xmpp::time::Mono;

use super::{Owned, Owner, clock, tell, window};

/// Browsers keep the delay in 32 signed bits.
const LONGEST_MS: u64 = i32::MAX as u64;

pub(crate) struct Timer {
    owner: Owner,
    handle: Cell<Option<i32>>,
    callback: RefCell<Option<Closure<dyn FnMut()>>>,
}

impl Timer {
    pub(crate) fn new(owner: Owner) -> Self {
        Self { owner, handle: Cell::new(None), callback: RefCell::new(None) }
    }

    /// Replaces the deadline.
    pub(crate) fn set(&self, deadline: Option<Mono>) {
        if let Some(handle) = self.handle.take() {
            window().clear_timeout_with_handle(handle);
        }
        let Some(deadline) = deadline else { return };
        let delay = deadline.0.saturating_sub(clock::now().mono.0).min(LONGEST_MS) as i32;
        let mut callback = self.callback.borrow_mut();
        let callback = callback.get_or_insert_with(|| {
            let owner = self.owner.clone();
            Closure::new(move || tell(&owner, Owned::Timer))
        });
        let started =
            window().set_timeout_with_callback_and_timeout_and_arguments_0(callback.as_ref().unchecked_ref(), delay);
        self.handle.set(started.ok());
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.set(None);
    }
}
