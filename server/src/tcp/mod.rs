//! Native clients over TCP (RFC 6120): the listening sockets, TLS and its certificate. The sessions behind them are in
//! [`crate::session`], the same as those of browsers.

mod certificate;
mod listener;
mod socket;

pub use certificate::{Certificate, CertificateError};
pub use listener::Listener;
pub(crate) use socket::Socket;
