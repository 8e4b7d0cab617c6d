using Mono.Cecil;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>Which namespaces of an assembly use which others of it, read from the compiled types.</summary>
internal sealed class NamespaceGraph : IDisposable
{
    private readonly ModuleDefinition _module;
    private readonly Dictionary<(string From, string To), SortedSet<string>> _uses = [];

    public NamespaceGraph(string assembly)
    {
        _module = ModuleDefinition.ReadModule(assembly);
        foreach (var type in _module.Types)
            Read(type, type);
    }

    /// <summary>The assembly's own namespaces.</summary>
    public IEnumerable<string> Namespaces
        => _module.Types.Select(type => type.Namespace).Where(IsOurs).Distinct(StringComparer.Ordinal);

    /// <summary>Each circle of namespaces, as a sentence that names a type for every step.</summary>
    public IEnumerable<string> Circles()
    {
        foreach (var start in Namespaces)
        {
            if (PathBack(start, start, []) is { } path)
                yield return string.Join(
                    ", ", path.Zip(path.Skip(1), (from, to) => $"{from} uses {to} ({_uses[(from, to)].Min})"));
        }
    }

    public void Dispose() => _module.Dispose();

    private List<string>? PathBack(string at, string start, HashSet<string> seen)
    {
        foreach (var next in _uses.Keys.Where(use => use.From == at).Select(use => use.To))
        {
            if (next == start)
                return [at, start];
            if (seen.Add(next) && PathBack(next, start, seen) is { } rest)
                return [at, .. rest];
        }

        return null;
    }

    private void Read(TypeDefinition type, TypeDefinition owner)
    {
        Use(owner, type.BaseType);
        var parts = type.Interfaces.Select(part => part.InterfaceType)
            .Concat(type.Fields.Select(field => field.FieldType));
        foreach (var part in parts)
            Use(owner, part);
        foreach (var method in type.Methods)
            Read(method, owner);
        foreach (var nested in type.NestedTypes)
            Read(nested, owner);
    }

    private void Read(MethodDefinition method, TypeDefinition owner)
    {
        Use(owner, method.ReturnType);
        foreach (var parameter in method.Parameters)
            Use(owner, parameter.ParameterType);
        if (!method.HasBody)
            return;

        foreach (var variable in method.Body.Variables)
            Use(owner, variable.VariableType);
        foreach (var instruction in method.Body.Instructions)
        {
            Use(owner, instruction.Operand switch
            {
                TypeReference type => type,
                MemberReference member => member.DeclaringType,
                _ => null,
            });
            if (instruction.Operand is GenericInstanceMethod generic)
            {
                foreach (var argument in generic.GenericArguments)
                    Use(owner, argument);
            }
        }
    }

    private void Use(TypeDefinition owner, TypeReference? used)
    {
        switch (used)
        {
            case null or GenericParameter:
                return;
            case GenericInstanceType generic:
                foreach (var argument in generic.GenericArguments)
                    Use(owner, argument);
                Use(owner, generic.ElementType);
                return;
            case TypeSpecification specification:
                Use(owner, specification.ElementType);
                return;
        }

        while (used.DeclaringType is { } outer)
            used = outer;
        if (used is not TypeDefinition || used.Module != _module || used.Namespace == owner.Namespace
            || !IsOurs(used.Namespace) || !IsOurs(owner.Namespace))
            return;
        if (!_uses.TryGetValue((owner.Namespace, used.Namespace), out var pairs))
            _uses[(owner.Namespace, used.Namespace)] = pairs = new SortedSet<string>(StringComparer.Ordinal);
        pairs.Add($"{owner.Name} uses {used.Name}");
    }

    private static bool IsOurs(string name)
        => name == "ChunkStream" || name.StartsWith("ChunkStream.", StringComparison.Ordinal);
}
