//! The public API of the client: plain data in both directions, so that the client can move into a worker without a change.
//!
//! [`Command`]s go in; [`Event`]s (things that happened, for the page) and [`Diff`]s (how the shown state changed) come out.
//! What a shell must do for the client is in [`io`].

pub mod command;
pub mod diff;
pub mod event;
pub mod io;
pub mod settings;
pub mod state;
pub mod timeline;

pub use command::{Command, Credentials, Password, SignIn};
pub use diff::{Diff, TimelineOp};
pub use event::Event;
pub use io::{
    HttpError, HttpRequest, HttpResponse, Input, Method, Output, PageEvent, Query, RequestId, SocketId, StorageError,
    StoreOp, StoreScope, Token,
};
pub use settings::Settings;
pub use state::{
    Availability, Chat, ChatState, Composing, Contact, ContactRequest, ConversationId, ConversationKind, Older, Phase,
    Profile, Session, SignInError, Subscription, Transport,
};
pub use timeline::{Author, Delivery, Item, ItemKind, TimelineId};
