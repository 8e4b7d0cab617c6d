using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// The values of an enumeration as the schema's functions name them: <c>SourceMissing</c> is <c>source_missing</c>.
/// </summary>
internal static partial class StatusNames<T>
    where T : struct, Enum
{
    private static readonly FrozenDictionary<string, T> Values =
        Enum.GetValues<T>().ToFrozenDictionary(value => StatusNames.SnakeCase(value.ToString()));

    /// <summary>The value of a name.</summary>
    public static T Parse(string name) => Values[name];
}

/// <summary>What <see cref="StatusNames{T}"/> needs once for all enumerations.</summary>
internal static partial class StatusNames
{
    /// <summary>A name in the database's spelling.</summary>
    public static string SnakeCase(string name) => InsideCapital.Replace(name, "_$0").ToLowerInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex InsideCapital { get; }
}
