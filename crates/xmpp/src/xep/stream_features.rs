//! RFC 6120 §4.3.2: Stream Features.

use super::sasl::Mechanisms;
use crate::ns;
use crate::payload;
use crate::payload::{Payload, PayloadError};
use crate::xml::Element;

payload! {
    /// What the receiving entity offers at this point of the stream.
    pub struct StreamFeatures("features", ns::STREAM) {
        /// All of it; unknown features included.
        features: Vec<Element> = Any,
    }
}

impl StreamFeatures {
    /// Whether there is a feature of this name and namespace.
    pub fn offers(&self, name: &str, ns: &str) -> bool {
        self.features.iter().any(|e| e.is(name, ns))
    }

    /// The first feature of a type, if there is one.
    pub fn feature<P: Payload>(&self) -> Option<Result<P, PayloadError>> {
        P::find(&self.features)
    }

    /// The names of the SASL mechanisms (RFC 6120 §6.4.1); empty if there are none.
    pub fn mechanisms(&self) -> Vec<String> {
        match self.feature::<Mechanisms>() {
            Some(Ok(mechanisms)) => mechanisms.names,
            _ => Vec::new(),
        }
    }
}
