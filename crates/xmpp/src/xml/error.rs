//! Why a text was refused as XML.

/// Why a text was refused as XML. RFC 6120 §4.9.3 tells which stream error answers each; see
/// [`StreamCondition::from`](crate::stanza::StreamCondition).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// There is no element at all.
    #[error("there is no element")]
    Empty,
    /// The text ends inside an element.
    #[error("the element is not closed")]
    Unclosed,
    /// Something other than white space follows the element.
    #[error("something follows the element")]
    Trailing,
    /// Syntax that XML 1.0 does not allow.
    #[error("not well-formed")]
    NotWellFormed,
    /// A character that XML 1.0 does not allow, literally or as a reference.
    #[error("a character that is not allowed in xml")]
    IllegalCharacter,
    /// An element or attribute name that XML 1.0 with namespaces does not allow.
    #[error("an illegal name")]
    IllegalName,
    /// A reference to an entity other than the five predefined ones.
    #[error("a reference to an unknown entity")]
    UnknownEntity,
    /// A namespace prefix that nothing declares.
    #[error("an undeclared namespace prefix")]
    UndeclaredPrefix,
    /// A namespace declaration that Namespaces in XML §3 forbids, such as `xmlns:p=''` or another meaning for `xml`.
    #[error("a forbidden namespace declaration")]
    BadDeclaration,
    /// The same attribute twice, by its written or by its expanded name.
    #[error("a duplicate attribute")]
    DuplicateAttribute,
    /// A document type declaration (RFC 6120 §11.1).
    #[error("a document type declaration is not allowed")]
    DocumentType,
    /// A processing instruction (RFC 6120 §11.1).
    #[error("a processing instruction is not allowed")]
    ProcessingInstruction,
    /// A comment (RFC 6120 §11.1).
    #[error("a comment is not allowed")]
    Comment,
    /// More bytes than [`Limits::bytes`](super::Limits::bytes).
    #[error("too many bytes")]
    TooLarge,
    /// More levels than [`Limits::depth`](super::Limits::depth).
    #[error("nested too deeply")]
    TooDeep,
    /// More attributes in one element than [`Limits::attributes`](super::Limits::attributes).
    #[error("too many attributes")]
    TooManyAttributes,
    /// More elements than [`Limits::elements`](super::Limits::elements).
    #[error("too many elements")]
    TooManyElements,
}
