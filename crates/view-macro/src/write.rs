//! From a tree of markup to a template and the calls that pass its values.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::LitStr;
use syn::spanned::Spanned;

use crate::parse::{Attribute, Choice, Element, Node, Root, Value};

/// The expression that draws `root`.
///
/// # Errors
/// When a text cannot stand in a template.
pub(crate) fn write(root: &Root) -> syn::Result<TokenStream> {
    let Some(root) = &root.0 else {
        return Ok(quote! { <::yew::Html as ::std::default::Default>::default() });
    };
    // Of this macro alone: a `view` in a value is another one.
    let mut writer = Writer { template: String::new(), view: Ident::new("view", Span::mixed_site()) };
    let calls = writer.node(root)?;
    let Writer { template, view } = writer;
    // What ends with the text need not be ended.
    let template = template.trim_end_matches('/');
    Ok(if calls.is_empty() {
        quote! { crate::view::View::new(#template).draw() }
    } else {
        quote! {{ let mut #view = crate::view::View::new(#template); #calls #view.draw() }}
    })
}

/// The template as far as it is written, and the name of the view that the calls speak to.
struct Writer {
    template: String,
    view: Ident,
}

impl Writer {
    fn nodes(&mut self, nodes: &[Node]) -> syn::Result<TokenStream> {
        let mut calls = TokenStream::new();
        for node in nodes {
            calls.extend(self.node(node)?);
        }
        self.template.push('/');
        Ok(calls)
    }

    fn node(&mut self, node: &Node) -> syn::Result<TokenStream> {
        let view = self.view.clone();
        Ok(match node {
            Node::Element(element) => self.element(element)?,
            Node::Fragment(nodes) => {
                self.template.push('(');
                self.nodes(nodes)?
            }
            Node::Text(text) => {
                self.template.push('\'');
                self.given(text, &['\''])?;
                self.template.push('\'');
                TokenStream::new()
            }
            Node::Value(value) => {
                self.template.push('{');
                quote_spanned! { value.span()=> crate::view::Child::fill(#value, &mut #view); }
            }
            Node::Values(values) => {
                self.template.push('*');
                quote_spanned! { values.span()=>
                    #view.values();
                    for node in ::std::iter::IntoIterator::into_iter(#values) {
                        #view.one_more(::yew::Html::from(node));
                    }
                }
            }
            Node::Choice(choice) => self.choice(choice)?,
        })
    }

    fn element(&mut self, element: &Element) -> syn::Result<TokenStream> {
        self.template.push('<');
        self.template.push_str(&element.tag);
        let mut calls = TokenStream::new();
        let is_control = matches!(element.tag.as_str(), "input" | "textarea");
        for attribute in &element.attributes {
            // A state of the control and no attribute, so it is always passed.
            let is_state = is_control && matches!(attribute.name.as_str(), "value" | "checked");
            calls.extend(self.attribute(attribute, is_state)?);
        }
        self.template.push('>');
        calls.extend(self.nodes(&element.children)?);
        Ok(calls)
    }

    fn attribute(&mut self, Attribute { name, span, value }: &Attribute, is_state: bool) -> syn::Result<TokenStream> {
        let view = &self.view;
        let mut calls = TokenStream::new();
        match value {
            Value::Flag(_) | Value::Given(_) if is_state => {
                calls = quote! { crate::view::Attribute::fill(#value, &mut #view); };
                self.template.push_str(&format!("|{name}"));
            }
            Value::Flag(false) => {}
            Value::Flag(true) => self.template.push_str(&format!("|{name}={name}")),
            Value::Given(text) if name == "class" && text.value().is_empty() => {}
            Value::Given(text) => {
                self.template.push_str(&format!("|{name}="));
                self.given(text, &['|', '>'])?;
            }
            Value::Computed(value) => {
                calls = match name.as_str() {
                    "ref" => quote_spanned! { value.span()=> #view.reference(#value); },
                    "key" => quote_spanned! { value.span()=> #view.key(#value); },
                    name if name.starts_with("on") => {
                        let event = format_ident!("{name}", span = *span);
                        quote_spanned! { value.span()=>
                            #view.listener(::yew::html::IntoEventCallback::<::yew::html::#event::Event>::into_event_callback(#value));
                        }
                    }
                    _ => quote_spanned! { value.span()=> crate::view::Attribute::fill(#value, &mut #view); },
                };
                self.template.push('|');
                self.template.push_str(name);
            }
        }
        Ok(calls)
    }

    fn choice(&mut self, Choice { condition, then, otherwise }: &Choice) -> syn::Result<TokenStream> {
        let view = self.view.clone();
        self.template.push('?');
        let (then, otherwise) = (self.nodes(then)?, self.nodes(otherwise)?);
        let is_pattern = matches!(condition, syn::Expr::Let(_));
        Ok(if then.is_empty() && otherwise.is_empty() && !is_pattern {
            quote! { #view.choice(#condition); }
        } else {
            quote! {
                if #condition {
                    #view.choice(true);
                    #then
                } else {
                    #view.choice(false);
                    #otherwise
                }
            }
        })
    }

    /// A text that is known while compiling. `ends` are the characters that would end it in the template.
    fn given(&mut self, text: &LitStr, ends: &[char]) -> syn::Result<()> {
        let value = text.value();
        if value.contains(ends) {
            return Err(syn::Error::new(text.span(), format!("this text may not contain any of {ends:?}")));
        }
        self.template.push_str(&value);
        Ok(())
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Given(text) => text.to_tokens(tokens),
            Self::Flag(flag) => flag.to_tokens(tokens),
            Self::Computed(value) => value.to_tokens(tokens),
        }
    }
}
