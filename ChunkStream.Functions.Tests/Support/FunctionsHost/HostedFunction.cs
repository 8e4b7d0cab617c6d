using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>A function as the worker, or the file functions.metadata, tells the host of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">By which the worker knows it; empty where the file told of it.</param>
/// <param name="Trigger">The binding that calls it.</param>
internal sealed record HostedFunction(string Name, string Id, JsonNode Trigger)
{
    /// <summary>Whether HTTP requests call it.</summary>
    public bool IsHttp => ((string)Trigger["type"]!).Equals("httpTrigger", StringComparison.OrdinalIgnoreCase);

    /// <summary>The parameter that the trigger is bound to.</summary>
    public string Parameter => (string)Trigger["name"]!;

    /// <summary>The route, without the prefix that host.json names. Without one it is the name.</summary>
    public string Route => (string?)Trigger["route"] is { Length: > 0 } route ? route : Name;

    /// <summary>The methods in capital letters; none if all are allowed.</summary>
    public string[] Methods
        => [.. (Trigger["methods"]?.AsArray() ?? []).Select(method => ((string)method!).ToUpperInvariant())];

    /// <summary>Reads a folder's functions.metadata, from which the platform knows an app that does not run.</summary>
    public static HostedFunction[] ReadFile(string folder)
        => [.. JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "functions.metadata")))!.AsArray()
            .Select(function => new HostedFunction(
                (string)function!["name"]!, Id: "", TriggerAmong(function["bindings"]!.AsArray())))];

    internal static HostedFunction Create(RpcFunctionMetadata told)
        => new(told.Name, told.FunctionId, TriggerAmong(told.RawBindings.Select(binding => JsonNode.Parse(binding))));

    private static JsonNode TriggerAmong(IEnumerable<JsonNode?> bindings)
        => bindings.Single(one => ((string)one!["type"]!).EndsWith("Trigger", StringComparison.OrdinalIgnoreCase))!;
}
