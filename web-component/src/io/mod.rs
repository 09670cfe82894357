//! What the client asks of the browser, one file each. Every part holds the driver weakly and owns its callbacks: dropping a part
//! leaves nothing behind in the page.

pub(crate) mod clock;
mod fetch;
mod frames;
mod indexed_db;
mod kdf;
mod page;
mod stores;
mod tab_storage;
mod timer;
mod websocket;

pub(crate) use fetch::Fetches;
pub(crate) use frames::Frames;
pub(crate) use kdf::Kdfs;
pub(crate) use page::Page;
pub(crate) use stores::Stores;
pub(crate) use timer::Timer;
pub(crate) use websocket::Sockets;

use std::rc::Weak;

use xmpp_client::api::{Command, HttpError, HttpResponse, PageEvent, RequestId, SocketId, StorageError, Token};

use crate::driver::Driver;

/// The driver, as its parts know it.
pub(crate) type Owner = Weak<Driver>;

/// Rows of a load, or why there are none.
pub(crate) type Rows = Result<Vec<(String, String)>, StorageError>;

/// [`xmpp_client::api::Input`] that owns its text, for the queue.
pub(crate) enum Owned {
    Command(Command),
    Timer,
    Opened(SocketId),
    Text(SocketId, String),
    Closed(SocketId),
    Response(RequestId, Result<HttpResponse, HttpError>),
    Stored(Token, Result<(), StorageError>),
    Loaded(Token, Rows),
    Derived(Token, Vec<u8>),
    Page(PageEvent),
}

/// The window; the module runs nowhere else.
pub(crate) fn window() -> web_sys::Window {
    web_sys::window().expect("the module is only ever loaded by a page")
}

/// Gives the driver an input, if it is still there.
pub(crate) fn tell(owner: &Owner, input: Owned) {
    if let Some(driver) = owner.upgrade() {
        driver.push(input);
    }
}
