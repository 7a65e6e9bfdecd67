# evalModules: declarations and definitions of many modules become one configuration.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    head
    isAttrs
    isFunction
    length
    map
    ;

  propertyOf = value: if isAttrs value then value._type or null else null;

  # A module, whatever it was written as, with the file it came from.
  load =
    arguments: file: module:
    if builtins.isPath module || builtins.isString module then
      load arguments (toString module) (import module)
    else if isFunction module then
      let
        wanted = builtins.functionArgs module;
        given =
          arguments
          // lib.genAttrs (filter (name: !(arguments ? ${name})) (attrNames wanted)) (
            name:
            arguments.config._module.args.${name}
              or (throw "The module ${file} asks for an argument `${name}', which nothing gives.")
          );
      in
      load arguments file (module given)
    else
      let
        explicit = module ? config || module ? options;
        here = module._file or file;
      in
      {
        file = here;
        imports = map (import': {
          file = here;
          module = import';
        }) (module.imports or [ ]);
        options = module.options or { };
        config =
          if explicit then
            module.config or { }
          else
            builtins.removeAttrs module [
              "imports"
              "_file"
              "disabledModules"
            ];
      };

  # All modules that `modules` import, each file once, imported ones first.
  collect =
    arguments: modules:
    let
      step =
        state: entry:
        let
          key =
            if builtins.isPath entry.module || builtins.isString entry.module then
              toString entry.module
            else
              null;
        in
        if key != null && state.seen ? ${key} then
          state
        else
          let
            loaded = load arguments entry.file entry.module;
            inner = builtins.foldl' step (
              state // { seen = state.seen // lib.optionalAttrs (key != null) { ${key} = true; }; }
            ) loaded.imports;
          in
          inner // { modules = inner.modules ++ [ loaded ]; };
    in
    (builtins.foldl' step {
      seen = { };
      modules = [ ];
    } modules).modules;

  # Moves mkIf, mkMerge and mkOverride from an attribute set to its attributes.
  pushDown =
    value:
    let
      property = propertyOf value;
    in
    if property == "merge" then
      concatMap pushDown value.contents
    else if property == "if" then
      map (builtins.mapAttrs (_: lib.mkIf value.condition)) (pushDown value.content)
    else if property == "override" then
      map (builtins.mapAttrs (_: lib.mkOverride value.priority)) (pushDown value.content)
    else
      [ value ];

  # The definitions that remain of one when conditions are looked at.
  discharge =
    definition:
    let
      property = propertyOf definition.value;
      inner = value: discharge (definition // { inherit value; });
    in
    if property == "merge" then
      concatMap inner definition.value.contents
    else if property == "if" then
      if definition.value.condition then inner definition.value.content else [ ]
    else
      [ definition ];

  priorityOf =
    definition:
    if propertyOf definition.value == "override" then
      definition.value.priority
    else
      lib.defaultOverridePriority;
  unwrap =
    kind: definition:
    if propertyOf definition.value == kind then
      definition // { value = definition.value.content; }
    else
      definition;
  orderOf =
    definition: if propertyOf definition.value == "order" then definition.value.priority else 1000;

  showDefinitions = lib.concatMapStringsSep "" (
    definition: "\n- In `${definition.file}': ${lib.show definition.value}"
  );

  # What definitions of one place come to: { isDefined, value }.
  mergeDefinitions =
    path: type: definitions:
    let
      discharged = concatMap discharge definitions;
      best = builtins.foldl' (
        lowest: d: if priorityOf d < lowest then priorityOf d else lowest
      ) 9999 discharged;
      strongest = map (unwrap "override") (filter (d: priorityOf d == best) discharged);
      # A stable sort: equal orders stay as they came.
      ordered = map (unwrap "order") (builtins.sort (a: b: orderOf a < orderOf b) strongest);
      wrong = filter (d: !type.check d.value) ordered;
    in
    {
      isDefined = ordered != [ ];
      value =
        if wrong != [ ] then
          throw "A definition for option `${lib.showOption path}' is not of type `${type.description}'. Definition values:${showDefinitions wrong}"
        else if ordered != [ ] then
          type.merge path ordered
        else
          type.emptyValue.value or (throw "The option `${lib.showOption path}' is used but not defined.");
    };

  # The value of one option.
  evalOption =
    path: declarations: definitions:
    let
      option = (head declarations).option;
      type = option.type or lib.types.unspecified;
      defaults = lib.optional (option ? default) {
        file = "the option's default";
        value = lib.mkOptionDefault option.default;
      };
      merged = mergeDefinitions path type (definitions ++ defaults);
      set = filter (d: priorityOf d < 1500) (concatMap discharge definitions);
      value =
        if (option.readOnly or false) && length set + length defaults > 1 then
          throw "The option `${lib.showOption path}' is read-only, but it is set.${showDefinitions set}"
        else
          merged.value;
    in
    if length declarations > 1 then
      throw "The option `${lib.showOption path}' in `${(head declarations).file}' is already declared in `${(lib.last declarations).file}'."
    else
      {
        option = option // {
          isDefined = merged.isDefined;
          files = lib.unique (map (d: d.file) set);
          inherit value path;
        };
        value = (option.apply or lib.id) value;
      };

  # One level of the tree of options: { options, config }.
  evalTree =
    path: declarations: definitions:
    let
      names = lib.unique (concatMap (d: attrNames d.options) declarations);
      pushed = concatMap (d: map (value: d // { inherit value; }) (pushDown d.value)) definitions;
      definitionsOf =
        name:
        concatMap (
          d:
          lib.optional (d.value ? ${name}) {
            inherit (d) file;
            value = d.value.${name};
          }
        ) pushed;
      unknown = lib.unique (
        concatMap (d: filter (name: !(builtins.elem name names)) (attrNames d.value)) pushed
      );
      one =
        name:
        let
          here = map (d: {
            inherit (d) file;
            option = d.options.${name};
          }) (filter (d: d.options ? ${name}) declarations);
          options = filter (d: lib.isOption d.option) here;
        in
        if options != [ ] then
          evalOption (path ++ [ name ]) options (definitionsOf name)
        else
          let
            tree = evalTree (path ++ [ name ]) (map (d: {
              inherit (d) file;
              options = d.option;
            }) here) (definitionsOf name);
          in
          {
            option = tree.options;
            value = tree.config;
          };
      results = lib.genAttrs names one;
      checked =
        if unknown == [ ] then
          builtins.mapAttrs (_: result: result.value) results
        else
          throw "The option `${
            lib.showOption (path ++ [ (head unknown) ])
          }' does not exist. Definition values:${showDefinitions (definitionsOf (head unknown))}";
    in
    {
      options = builtins.mapAttrs (_: result: result.option) results;
      config = checked;
    };
in
{
  inherit mergeDefinitions;

  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
    }:
    let
      arguments = specialArgs // {
        inherit lib;
        inherit (result) config options;
      };
      internal = {
        options._module.args = lib.mkOption {
          type = lib.types.lazyAttrsOf lib.types.raw;
          default = { };
        };
      };
      all = collect arguments (
        map (module: {
          file = "<unknown-file>";
          inherit module;
        }) ([ internal ] ++ modules)
      );
      result = evalTree prefix (map (m: { inherit (m) file options; }) all) (
        map (m: {
          inherit (m) file;
          value = m.config;
        }) all
      );
    in
    result;

  mkRenamedOptionModule =
    from: to:
    { config, options, ... }:
    {
      options = lib.setAttrByPath from (
        lib.mkOption {
          type = lib.types.unspecified;
          default = null;
          visible = false;
        }
      );
      config =
        let
          old = lib.attrByPath from null options;
        in
        lib.mkIf (old.value != null) (
          lib.mkMerge [
            (lib.setAttrByPath to old.value)
            {
              warnings = [
                "The option `${lib.showOption from}' defined in ${
                  lib.concatMapStringsSep " and " (file: "`${file}'") old.files
                } has been renamed to `${lib.showOption to}'."
              ];
            }
          ]
        );
    };
}
