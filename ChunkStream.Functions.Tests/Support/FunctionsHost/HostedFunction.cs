using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>A function as the worker, or the file functions.metadata, tells the host of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Trigger">The binding that calls it.</param>
internal sealed record HostedFunction(string Name, JsonNode Trigger)
{
    private const string HttpTrigger = "httpTrigger";

    /// <summary>Whether HTTP requests call it.</summary>
    public bool IsHttp => Type.Equals(HttpTrigger, StringComparison.OrdinalIgnoreCase);

    /// <summary>The type of the trigger: <c>httpTrigger</c>, <c>timerTrigger</c>.</summary>
    public string Type => (string)Trigger["type"]!;

    /// <summary>The parameter that the trigger is bound to.</summary>
    public string Parameter => (string)Trigger["name"]!;

    /// <summary>The route, without the prefix that host.json names. Without one it is the name.</summary>
    public string Route => (string?)Trigger["route"] is { Length: > 0 } route ? route : Name;

    /// <summary>The methods in capital letters; none if all are allowed.</summary>
    public string[] Methods
        => [.. (Trigger["methods"]?.AsArray() ?? []).Select(method => ((string)method!).ToUpperInvariant())];

    /// <summary>Who may call it: <c>Anonymous</c>, <c>Function</c>. It is shown here, and not enforced.</summary>
    public string? AuthorizationLevel => (string?)Trigger["authLevel"];

    /// <summary>When a timer calls it.</summary>
    public string? Schedule => (string?)Trigger["schedule"];

    /// <summary>Reads a folder's functions.metadata, from which the platform knows an app that does not run.</summary>
    public static HostedFunction[] ReadFile(string folder)
        => [.. JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "functions.metadata")))!.AsArray()
            .Select(function => Create((string)function!["name"]!, function["bindings"]!.AsArray()))];

    internal static HostedFunction Create(RpcFunctionMetadata metadata)
        => Create(metadata.Name, metadata.RawBindings.Select(binding => JsonNode.Parse(binding)));

    private static HostedFunction Create(string name, IEnumerable<JsonNode?> bindings)
        => new(
            name,
            bindings.Single(
                binding => ((string)binding!["type"]!).EndsWith("Trigger", StringComparison.OrdinalIgnoreCase))!);
}
