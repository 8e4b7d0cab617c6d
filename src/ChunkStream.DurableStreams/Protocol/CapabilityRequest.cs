using System.Globalization;
using System.Text.Json;
using ChunkStream.DurableStreams.Access;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>The capability URL that somebody asks for.</summary>
/// <param name="Scope">The stream's path; or a prefix, which ends with a slash, for all below it.</param>
/// <param name="Operations">What it shall allow.</param>
/// <param name="Seconds">For how long.</param>
internal sealed record CapabilityRequest(string Scope, DurableOperations Operations, int Seconds)
{
    private const string Path = "path";
    private const string Prefix = "prefix";
    private const string Allowed = "operations";
    private const string Duration = "seconds";

    private static readonly string[] Members = [Path, Prefix, Allowed, Duration];
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads the JSON of a request.</summary>
    /// <exception cref="ProblemException">It has mistakes: 400, with all of them.</exception>
    public static CapabilityRequest Read(ReadOnlyMemory<byte> body, int maxSeconds)
    {
        var mistakes = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(body, Strict);
            var asked = json.RootElement;
            if (asked.ValueKind is not JsonValueKind.Object)
                throw new JsonException();
            var unknown = asked.EnumerateObject().Select(member => member.Name).Except(Members).ToArray();
            if (unknown.Length > 0)
                mistakes.Add($"'{BoundedText.Cut(unknown[0], 64)}' is none of {string.Join(", ", Members)}.");
            var request = new CapabilityRequest(
                ScopeOf(asked, mistakes), OperationsOf(asked, mistakes), SecondsOf(asked, maxSeconds, mistakes));
            return mistakes.Count == 0
                ? request
                : throw new ProblemException(DurableProblems.InvalidBody(string.Join(' ', mistakes)));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // The framework throws the second where a text is read that has half a surrogate pair.
            throw new ProblemException(DurableProblems.InvalidBody(
                "The body is no JSON object such as {\"path\": \"rooms/7\", \"operations\": [\"read\"], "
                + "\"seconds\": 600}."));
        }
    }

    private static string ScopeOf(JsonElement asked, List<string> mistakes)
    {
        var (path, prefix) = (Text(asked, Path), Text(asked, Prefix));
        if (path is null == prefix is null)
            mistakes.Add($"Give either '{Path}', a stream's path, or '{Prefix}', what paths begin with, as a text.");
        else if (prefix?.EndsWith('/') is false)
            mistakes.Add($"'{Prefix}' must end with a slash: it stands for whole segments.");
        else if (DurablePath.Check(path ?? prefix![..^1]) is { } problem)
            mistakes.Add(problem.Detail);
        return path ?? prefix ?? "";
    }

    private static DurableOperations OperationsOf(JsonElement asked, List<string> mistakes)
    {
        var all = DurableOperations.None;
        var isList = asked.TryGetProperty(Allowed, out var list) && list.ValueKind is JsonValueKind.Array;
        foreach (var item in isList ? list.EnumerateArray().AsEnumerable() : [])
        {
            var one = item.ValueKind is JsonValueKind.String
                ? DurableOperationNames.Parse(item.GetString()!)
                : DurableOperations.None;
            isList &= one is not (DurableOperations.None or DurableOperations.Share);
            all |= one;
        }

        if (!isList || all is DurableOperations.None)
            mistakes.Add($"'{Allowed}' must be a list of some of {DurableOperationNames.Shareable}.");
        return all;
    }

    private static int SecondsOf(JsonElement asked, int most, List<string> mistakes)
    {
        if (asked.TryGetProperty(Duration, out var given) && given.ValueKind is JsonValueKind.Number
            && given.TryGetInt32(out var seconds) && seconds >= 1 && seconds <= most)
            return seconds;
        mistakes.Add(string.Create(
            CultureInfo.InvariantCulture, $"'{Duration}' must be a whole number from 1 to {most}."));
        return 0;
    }

    private static string? Text(JsonElement asked, string name)
        => asked.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;
}
