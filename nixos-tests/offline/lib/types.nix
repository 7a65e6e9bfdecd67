# The option types in use, checking what nixpkgs' check.
{ lib }:
let
  inherit (builtins)
    all
    any
    elem
    head
    isAttrs
    isBool
    isInt
    isList
    isString
    length
    map
    match
    ;

  only =
    path: definitions:
    if length definitions == 1 || all (d: d.value == (head definitions).value) definitions then
      (head definitions).value
    else
      throw "The option `${lib.showOption path}' has conflicting definition values:${
        lib.concatMapStringsSep "" (d: "\n- In `${d.file}': ${lib.show d.value}") definitions
      }";

  simple = name: description: check: {
    inherit name description check;
    merge = only;
  };

  # Definitions of `name` in attribute sets, and what they come to.
  attribute =
    path: type: definitions: name:
    lib.mergeDefinitions (path ++ [ name ]) type (
      builtins.concatMap (
        d:
        lib.optional (d.value ? ${name}) {
          inherit (d) file;
          value = d.value.${name};
        }
      ) definitions
    );

  isStringLike = value: isString value || isAttrs value && (value ? outPath || value ? __toString);
in
rec {
  unspecified = simple "unspecified" "unspecified value" (_: true);
  raw = simple "raw" "raw value" (_: true) // {
    merge =
      path: definitions:
      if length definitions == 1 then
        (head definitions).value
      else
        throw "The option `${lib.showOption path}' is defined multiple times.";
  };
  anything = simple "anything" "anything" (_: true) // {
    merge =
      path: definitions:
      if all (d: isAttrs d.value && !lib.isDerivation d.value) definitions then
        (lazyAttrsOf anything).merge path definitions
      else if all (d: isList d.value) definitions then
        builtins.concatLists (map (d: d.value) definitions)
      else
        only path definitions;
  };

  bool = simple "bool" "boolean" isBool;
  int = simple "int" "signed integer" isInt;
  ints = {
    positive = simple "positiveInt" "positive integer, meaning >0" (n: isInt n && n > 0);
    unsigned = simple "unsignedInt" "unsigned integer, meaning >=0" (n: isInt n && n >= 0);
    between =
      low: high:
      simple "intBetween" "integer between ${toString low} and ${toString high} (both inclusive)" (
        n: isInt n && n >= low && n <= high
      );
  };

  str = simple "str" "string" isString;
  singleLineStr =
    simple "singleLineStr" "(optionally newline-terminated) single-line string" (
      s: isString s && match "[^\n\r]*\n?" s != null
    )
    // {
      merge = path: definitions: builtins.head (match "([^\n]*)\n?" (only path definitions));
    };
  strMatching =
    pattern:
    simple "strMatching" "string matching the pattern ${pattern}" (
      s: isString s && match pattern s != null
    );
  lines = str // {
    name = "separatedString";
    description = "strings concatenated with \"\\n\"";
    merge = _: definitions: lib.concatMapStringsSep "\n" (d: d.value) definitions;
  };
  enum =
    values:
    simple "enum" "one of ${lib.concatMapStringsSep ", " lib.show values}" (value: elem value values);

  path = simple "path" "absolute path" (
    value: builtins.isPath value || isStringLike value && builtins.substring 0 1 (toString value) == "/"
  );
  package = simple "package" "package" (value: lib.isDerivation value || path.check value);

  addCheck = type: check: type // { check = value: type.check value && check value; };

  nullOr = type: {
    name = "nullOr";
    description = "null or ${type.description}";
    check = value: value == null || type.check value;
    emptyValue.value = null;
    merge =
      path: definitions:
      if all (d: d.value == null) definitions then
        null
      else if any (d: d.value == null) definitions then
        throw "The option `${lib.showOption path}' is defined both null and not null, in ${
          lib.concatMapStringsSep " and in " (d: d.file) definitions
        }."
      else
        type.merge path definitions;
  };

  either = first: second: {
    name = "either";
    description = "${first.description} or ${second.description}";
    check = value: first.check value || second.check value;
    merge =
      path: definitions:
      if all (d: first.check d.value) definitions then
        first.merge path definitions
      else if all (d: second.check d.value) definitions then
        second.merge path definitions
      else
        only path definitions;
  };
  coercedTo = from: coerce: to: {
    name = "coercedTo";
    description = "${to.description} or ${from.description} convertible to it";
    check = value: from.check value && to.check (coerce value) || to.check value;
    inherit (to) emptyValue;
    merge =
      path: definitions:
      to.merge path (
        map (d: d // { value = if from.check d.value then coerce d.value else d.value; }) definitions
      );
  };
  oneOf = types: builtins.foldl' either (head types) (builtins.tail types);

  listOf = element: {
    name = "listOf";
    description = "list of ${element.description}";
    check = isList;
    emptyValue.value = [ ];
    merge =
      path: definitions:
      let
        merged = builtins.concatMap (
          d:
          lib.imap0 (
            n: value:
            lib.mergeDefinitions (path ++ [ "[definition ${toString (n + 1)}]" ]) element [
              {
                inherit (d) file;
                inherit value;
              }
            ]
          ) d.value
        ) definitions;
      in
      map (m: m.value) (builtins.filter (m: m.isDefined) merged);
  };

  attrsOf = element: {
    name = "attrsOf";
    description = "attribute set of ${element.description}";
    check = isAttrs;
    emptyValue.value = { };
    merge =
      path: definitions:
      let
        names = lib.unique (builtins.concatMap (d: builtins.attrNames d.value) definitions);
        merged = lib.genAttrs names (attribute path element definitions);
      in
      builtins.mapAttrs (_: m: m.value) (lib.filterAttrs (_: m: m.isDefined) merged);
  };
  # As attrsOf, without looking whether an attribute has a definition.
  lazyAttrsOf =
    element:
    attrsOf element
    // {
      merge =
        path: definitions:
        let
          names = lib.unique (builtins.concatMap (d: builtins.attrNames d.value) definitions);
        in
        lib.genAttrs names (name: (attribute path element definitions name).value);
    };
  attrs = simple "attrs" "attribute set" isAttrs // {
    merge = _: definitions: builtins.foldl' (merged: d: merged // d.value) { } definitions;
  };

  submodule =
    module:
    let
      evaluate =
        path: definitions:
        let
          evaluated = lib.evalModules {
            prefix = path;
            modules = [
              { _module.args.name = lib.last path; }
              module
            ]
            ++ map (
              d:
              if isAttrs d.value then
                {
                  _file = d.file;
                  config = d.value;
                }
              else
                d.value
            ) definitions;
          };
        in
        builtins.removeAttrs evaluated.config [ "_module" ];
    in
    {
      name = "submodule";
      description = "submodule";
      check = value: isAttrs value || builtins.isFunction value || builtins.isPath value;
      emptyValue.value = { };
      merge = evaluate;
    };
}
