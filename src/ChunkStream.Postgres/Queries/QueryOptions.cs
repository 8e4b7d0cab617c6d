using System.ComponentModel.DataAnnotations;
using ChunkStream.Configuration;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Queries;

/// <summary>Settings of the declared queries, directly under <c>ChunkStream</c>.</summary>
public sealed class QueryOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream";

    /// <summary>
    /// The folder of the <c>.sql</c> files, or several with <c>;</c> between them, of which an earlier one's file
    /// hides a later one's of the same name. A relative path is looked for in the current directory, in the one above
    /// it, and then beside the program. Default <c>queries</c>.
    /// </summary>
    [Required]
    public string QueriesPath { get; set; } = "queries";

    /// <summary>The name of the query that <c>/db-stream</c> serves. Default: none.</summary>
    [MinLength(1)]
    public string? DefaultQuery { get; set; }

    /// <summary>
    /// The secret that signs resume tokens, 32 characters or more; the same in every instance, since any of them may be
    /// asked to resume. Without it there are no tokens: streams can't be resumed.
    /// </summary>
    [ResumeKey]
    public string? ResumeKey { get; set; }

    /// <summary>
    /// The roles of Postgres that a query with <c>role: claim(…)</c> may run as, with commas between; case counts. A
    /// caller whose claim names another role is refused. Default: none.
    /// </summary>
    [DatabaseRoles]
    public string? DatabaseRoles { get; set; }

    /// <summary>
    /// How many bytes the JSON body of a <c>POST</c> to a query may have, 1,024 to 16,777,216; a larger one gets 413.
    /// It is in memory as a whole, once for each open stream. Default 1,048,576, which is room for some 30,000 ids.
    /// </summary>
    [Range(1_024, 16_777_216)]
    public int MaxParameterBytes { get; set; } = 1_048_576;

    /// <summary><see cref="DatabaseRoles"/>, one by one.</summary>
    internal IReadOnlyList<string> AllowedRoles => TextList.Read(DatabaseRoles);

    /// <summary>Where <see cref="QueriesPath"/> leads. The folders need not exist.</summary>
    /// <param name="current">The current directory.</param>
    internal IReadOnlyList<string> FindFolders(string current) =>
    [
        .. QueriesPath.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(path => AppPath.Find(path, current, Directory.Exists)),
    ];
}

/// <summary>The checks that the attributes above ask for: the compiler writes them.</summary>
[OptionsValidator]
internal sealed partial class QueryOptionsAttributes : IValidateOptions<QueryOptions>;
