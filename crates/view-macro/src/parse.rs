//! From tokens to a tree of markup.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Ident, Lit, LitStr, Token, braced, token};

/// What stands in one `html!`: nothing or one node.
pub(crate) struct Root(pub(crate) Option<Node>);

/// One piece of markup.
pub(crate) enum Node {
    /// `<p>…</p>`
    Element(Element),
    /// `<>…</>`
    Fragment(Vec<Node>),
    /// `{ "text" }`
    Text(LitStr),
    /// `{ value }`
    Value(Box<Expr>),
    /// `{ for values }`
    Values(Box<Expr>),
    /// `if …`
    Choice(Box<Choice>),
}

/// One element.
pub(crate) struct Element {
    pub(crate) tag: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) children: Vec<Node>,
}

/// One attribute, listener, reference or key.
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What an attribute is set to.
pub(crate) enum Value {
    Given(LitStr),
    /// `true` and `false` say whether the attribute is there.
    Flag(bool),
    Computed(Box<Expr>),
}

/// A condition and what is drawn by it.
pub(crate) struct Choice {
    pub(crate) condition: Expr,
    pub(crate) then: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

impl Parse for Root {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let node = if input.is_empty() { None } else { Some(input.parse()?) };
        if input.is_empty() { Ok(Self(node)) } else { Err(input.error("one root only: put several into a fragment")) }
    }
}

impl Parse for Node {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(token::Brace) {
            return in_braces(input);
        }
        if input.peek(Token![if]) {
            return choice(input).map(|choice| Self::Choice(Box::new(choice)));
        }
        let open: Token![<] = input.parse()?;
        if input.parse::<Option<Token![>]>>()?.is_some() {
            return children(input, "", open.span).map(Self::Fragment);
        }
        element(input, open.span).map(Self::Element)
    }
}

fn in_braces(input: ParseStream<'_>) -> syn::Result<Node> {
    let inside;
    braced!(inside in input);
    let node = if inside.parse::<Option<Token![for]>>()?.is_some() {
        Node::Values(inside.parse()?)
    } else {
        match inside.parse()? {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => Node::Text(text),
            value => Node::Value(Box::new(value)),
        }
    };
    if inside.is_empty() { Ok(node) } else { Err(inside.error("one value only")) }
}

fn choice(input: ParseStream<'_>) -> syn::Result<Choice> {
    input.parse::<Token![if]>()?;
    let condition = Expr::parse_without_eager_brace(input)?;
    let then = branch(input)?;
    let otherwise = match input.parse::<Option<Token![else]>>()? {
        None => Vec::new(),
        Some(_) if input.peek(Token![if]) => vec![Node::Choice(Box::new(choice(input)?))],
        Some(_) => branch(input)?,
    };
    Ok(Choice { condition, then, otherwise })
}

fn branch(input: ParseStream<'_>) -> syn::Result<Vec<Node>> {
    let inside;
    braced!(inside in input);
    let mut nodes = Vec::new();
    while !inside.is_empty() {
        nodes.push(inside.parse()?);
    }
    Ok(nodes)
}

fn element(input: ParseStream<'_>, open: Span) -> syn::Result<Element> {
    let (tag, span) = name(input)?;
    if tag.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Err(syn::Error::new(span, "a component is placed by `child::<…>(…)` in braces"));
    }
    let mut attributes = Vec::new();
    loop {
        if input.parse::<Option<Token![/]>>()?.is_some() {
            input.parse::<Token![>]>()?;
            return Ok(Element { tag, attributes, children: Vec::new() });
        }
        if input.parse::<Option<Token![>]>>()?.is_some() {
            let children = children(input, &tag, open)?;
            return Ok(Element { tag, attributes, children });
        }
        attributes.push(attribute(input)?);
    }
}

fn attribute(input: ParseStream<'_>) -> syn::Result<Attribute> {
    if input.peek(token::Brace) {
        let inside;
        braced!(inside in input);
        let value: Ident = inside.parse()?;
        let (name, span) = (value.to_string(), value.span());
        let value = syn::parse_quote!(#value);
        return Ok(Attribute { name, span, value: Value::Computed(Box::new(value)) });
    }
    let (name, span) = name(input)?;
    input.parse::<Token![=]>()?;
    let value = if input.peek(token::Brace) {
        let inside;
        braced!(inside in input);
        let value = Value::Computed(inside.parse()?);
        if !inside.is_empty() {
            return Err(inside.error("one value only"));
        }
        value
    } else {
        match input.parse()? {
            Lit::Str(text) => Value::Given(text),
            Lit::Bool(flag) => Value::Flag(flag.value),
            other => return Err(syn::Error::new(other.span(), "a text, `true`, `false` or a value in braces")),
        }
    };
    Ok(Attribute { name, span, value })
}

/// Up to and with the closing tag.
fn children(input: ParseStream<'_>, tag: &str, open: Span) -> syn::Result<Vec<Node>> {
    let mut children = Vec::new();
    while !(input.peek(Token![<]) && input.peek2(Token![/])) {
        if input.is_empty() {
            return Err(syn::Error::new(open, "this tag is never closed"));
        }
        children.push(input.parse()?);
    }
    input.parse::<Token![<]>()?;
    input.parse::<Token![/]>()?;
    let (closed, span) = if input.peek(Token![>]) { (String::new(), input.span()) } else { name(input)? };
    input.parse::<Token![>]>()?;
    if closed == tag { Ok(children) } else { Err(syn::Error::new(span, format!("this closes `{tag}`, which is open"))) }
}

/// Words with dashes between them, whether or not Rust reserves them.
fn name(input: ParseStream<'_>) -> syn::Result<(String, Span)> {
    let first = input.call(Ident::parse_any)?;
    let (mut name, span) = (first.unraw().to_string(), first.span());
    while input.parse::<Option<Token![-]>>()?.is_some() {
        name.push('-');
        name.push_str(&input.call(Ident::parse_any)?.to_string());
    }
    Ok((name, span))
}
