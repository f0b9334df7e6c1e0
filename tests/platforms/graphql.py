"""Answers a GraphQL query the way a server does: with the fields that were asked for and no others,
so that an adapter that reads what it did not ask for is found out."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import parse
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.utilities import value_from_ast_untyped

Roots = Mapping[str, Callable[[dict[str, Any]], Any]]
"""Field of the query → what gives its value for the arguments it has."""
Variables = dict[str, Any]
Fragments = Mapping[str, FragmentDefinitionNode]


def execute(request: Mapping[str, Any], roots: Roots) -> dict[str, Any]:
    """The data for a request {"query": …, "variables": …}. A field that a value does not have is
    null; one that is a function is called with None and its arguments, as graphql-core does; of
    several types in one list `__typename` tells which fragments count."""
    document = parse(request["query"])
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    (operation,) = [e for e in document.definitions if isinstance(e, OperationDefinitionNode)]
    variables = {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in operation.variable_definitions or ()
        if each.default_value
    } | dict(request.get("variables") or {})
    data: dict[str, Any] = {}
    for field in operation.selection_set.selections:
        assert isinstance(field, FieldNode)
        value = roots[field.name.value](_arguments(field, variables))
        data[_name(field)] = _selected(value, field.selection_set, fragments, variables)
    return data


def _selected(
    value: Any, chosen: SelectionSetNode | None, fragments: Fragments, variables: Variables
) -> Any:
    if isinstance(value, list):
        return [_selected(each, chosen, fragments, variables) for each in value]
    if chosen is None or not isinstance(value, dict):
        return value
    told: dict[str, Any] = {}
    for selection in chosen.selections:
        if isinstance(selection, FieldNode):
            inner = value.get(selection.name.value)
            if callable(inner):
                inner = inner(None, **_arguments(selection, variables))
            told[_name(selection)] = _selected(inner, selection.selection_set, fragments, variables)
            continue
        inside: Any = selection
        if isinstance(selection, FragmentSpreadNode):
            inside = fragments[selection.name.value]
        assert isinstance(inside, InlineFragmentNode | FragmentDefinitionNode)
        wanted = inside.type_condition.name.value if inside.type_condition else ""
        if wanted in ("", value.get("__typename", wanted)):
            told |= _selected(value, inside.selection_set, fragments, variables)
    return told


def _arguments(field: FieldNode, variables: Variables) -> dict[str, Any]:
    return {
        each.name.value: value_from_ast_untyped(each.value, variables)
        for each in field.arguments or ()
    }


def _name(field: FieldNode) -> str:
    return field.alias.value if field.alias else field.name.value
