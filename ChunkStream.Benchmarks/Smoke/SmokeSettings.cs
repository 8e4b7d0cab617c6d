namespace ChunkStream.Benchmarks.Smoke;

/// <summary>Which app is asked, and for what.</summary>
/// <param name="Url">The address of the app with its route prefix; it ends with a slash.</param>
/// <param name="Key">A function key, if there is one.</param>
/// <param name="Generator">The path of a generator, with <c>{count}</c> and <c>{interval}</c> (ms) in it.</param>
/// <param name="Query">The path of a query with a key, with <c>{count}</c> in it.</param>
/// <param name="Silence">How long a generator says nothing. Zero leaves that check out.</param>
/// <param name="Leave">How many streams are left in the middle. Zero leaves that check out.</param>
/// <param name="Hold">How many readers are held during a deployment. Zero leaves that check out.</param>
/// <param name="HoldTime">For how long they are held.</param>
internal sealed record SmokeSettings(
    Uri Url,
    string? Key,
    string Generator,
    string Query,
    TimeSpan Silence,
    int Leave,
    int Hold,
    TimeSpan HoldTime)
{
    /// <summary>The path of a stream of a generator.</summary>
    public string GeneratorPath(int count, TimeSpan interval)
        => Generator.Replace("{count}", $"{count}", StringComparison.Ordinal)
            .Replace("{interval}", $"{interval.TotalMilliseconds:0}", StringComparison.Ordinal);

    /// <summary>The path of a stream of rows.</summary>
    public string QueryPath(int count) => Query.Replace("{count}", $"{count}", StringComparison.Ordinal);
}
