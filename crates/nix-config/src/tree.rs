//! Small things around rnix's syntax tree.

use rnix::ast::{self, AstNode, Expr};
use rnix::{NodeOrToken, ParseError, Root, SyntaxKind, SyntaxNode};

use crate::SyntaxError;

/// A node's part of the tree. (The method for it is in a trait of another crate.)
pub(crate) fn syntax<N: AstNode>(node: &N) -> &SyntaxNode {
    node.syntax()
}

/// A node's source.
pub(crate) fn source<N: AstNode>(node: &N) -> String {
    syntax(node).text().to_string()
}

/// A node's first byte, and the one after its last.
pub(crate) fn range<N: AstNode>(node: &N) -> std::ops::Range<usize> {
    let range = syntax(node).text_range();
    range.start().into()..range.end().into()
}

/// The expression of a whole file.
pub(crate) fn parse(text: &str) -> Result<Expr, SyntaxError> {
    let parsed = Root::parse(text);
    if let Some(error) = parsed.errors().first() {
        let (offset, message) = describe(error, text.len());
        return Err(SyntaxError::at(text, offset, message));
    }
    let expression = parsed.tree().expr();
    expression
        .ok_or_else(|| SyntaxError::at(text, text.len(), "there is no expression in it".to_owned()))
}

/// Whether an expression can stand in a list without parentheses.
pub(crate) fn is_simple(text: &str) -> bool {
    matches!(
        parse(text),
        Ok(Expr::Ident(_)
            | Expr::Literal(_)
            | Expr::Str(_)
            | Expr::List(_)
            | Expr::AttrSet(_)
            | Expr::Paren(_)
            | Expr::Select(_)
            | Expr::PathAbs(_)
            | Expr::PathRel(_)
            | Expr::PathHome(_)
            | Expr::PathSearch(_))
    )
}

/// Whether the last thing in a text is a comment to the end of the line.
pub(crate) fn ends_in_comment(text: &str) -> bool {
    let last = rnix::tokenize(text).last();
    last.is_some_and(|(kind, text)| kind == SyntaxKind::TOKEN_COMMENT && text.starts_with('#'))
}

/// Whether there is a comment anywhere in a node.
pub(crate) fn has_comment(node: &SyntaxNode) -> bool {
    node.descendants_with_tokens()
        .any(|element| matches!(element, NodeOrToken::Token(token) if token.kind() == SyntaxKind::TOKEN_COMMENT))
}

/// The text of a string without interpolation.
pub(crate) fn plain_string(string: &ast::Str) -> Option<String> {
    if syntax(string).children().next().is_some() {
        return None;
    }
    let source = source(string);
    if let Some(inner) = source
        .strip_prefix("''")
        .and_then(|rest| rest.strip_suffix("''"))
    {
        return Some(crate::strings::unindent(inner));
    }
    let inner = source
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))?;
    Some(crate::strings::unquote(inner))
}

/// The name of one part of an attribute path; nothing when it is computed.
pub(crate) fn name(attribute: &ast::Attr) -> Option<String> {
    match attribute {
        ast::Attr::Ident(ident) => Some(source(ident)),
        ast::Attr::Str(string) => plain_string(string),
        ast::Attr::Dynamic(dynamic) => match dynamic.expr() {
            Some(Expr::Str(string)) => plain_string(&string),
            _ => None,
        },
    }
}

fn describe(error: &ParseError, end: usize) -> (usize, String) {
    match error {
        ParseError::Unexpected(range) | ParseError::UnexpectedExtra(range) => {
            (range.start().into(), "this does not belong here".to_owned())
        }
        ParseError::UnexpectedWanted(got, range, wanted) => {
            let message = format!(
                "{} does not belong here; {} is missing",
                token(*got),
                one_of(wanted)
            );
            (range.start().into(), message)
        }
        ParseError::UnexpectedDoubleBind(range) => (
            range.start().into(),
            "the arguments are named twice".to_owned(),
        ),
        ParseError::DuplicatedArgs(range, name) => (
            range.start().into(),
            format!("the argument `{name}` is there twice"),
        ),
        ParseError::UnexpectedEOF => (end, "the file ends too early".to_owned()),
        ParseError::UnexpectedEOFWanted(wanted) => (
            end,
            format!("the file ends too early; {} is missing", one_of(wanted)),
        ),
        ParseError::RecursionLimitExceeded => (0, "it is nested too deep to be read".to_owned()),
        other => (0, other.to_string()),
    }
}

fn one_of(kinds: &[SyntaxKind]) -> String {
    kinds
        .iter()
        .map(|kind| token(*kind))
        .collect::<Vec<_>>()
        .join(" or ")
}

fn token(kind: SyntaxKind) -> String {
    let text = match kind {
        SyntaxKind::TOKEN_SEMICOLON => "`;`",
        SyntaxKind::TOKEN_ASSIGN => "`=`",
        SyntaxKind::TOKEN_L_BRACE => "`{`",
        SyntaxKind::TOKEN_R_BRACE => "`}`",
        SyntaxKind::TOKEN_L_BRACK => "`[`",
        SyntaxKind::TOKEN_R_BRACK => "`]`",
        SyntaxKind::TOKEN_L_PAREN => "`(`",
        SyntaxKind::TOKEN_R_PAREN => "`)`",
        SyntaxKind::TOKEN_COLON => "`:`",
        SyntaxKind::TOKEN_COMMA => "`,`",
        SyntaxKind::TOKEN_DOT => "`.`",
        SyntaxKind::TOKEN_ELLIPSIS => "`...`",
        SyntaxKind::TOKEN_IDENT => "a name",
        SyntaxKind::TOKEN_INTEGER => "a number",
        SyntaxKind::TOKEN_STRING_START => "a string",
        SyntaxKind::TOKEN_STRING_END => "the end of a string",
        SyntaxKind::TOKEN_IN => "`in`",
        SyntaxKind::TOKEN_THEN => "`then`",
        SyntaxKind::TOKEN_ELSE => "`else`",
        other => {
            return format!("{other:?}")
                .trim_start_matches("TOKEN_")
                .to_lowercase();
        }
    };
    text.to_owned()
}
