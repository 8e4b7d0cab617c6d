using System.Globalization;
using System.Text;

namespace ChunkStream.Postgres.Live.Changes;

/// <summary>
/// The script that makes the tables and functions of the change log, in the schema <c>chunkstream_live</c>: the files
/// <c>NNN-*.sql</c> beside this one. The log holds nothing that can't be lost: another version replaces it.
/// </summary>
internal static class ChangeLogSchema
{
    /// <summary>Raised by each change of the scripts.</summary>
    public const int Version = 7;

    private const string Prefix = "Live/Changes/";

    private static readonly string[] Operators = ["=", ":=", "||"];

    // The same lock as that under which watches are installed.
    private const string Lock = "pg_advisory_xact_lock(1667788140, 0)";

    /// <summary>The script. It may be run again at any time: what is there already is left alone.</summary>
    public static string Script { get; } = Compose();

    /// <summary>
    /// The same, and then the watches that an app with a role of its own needs. It goes into the log, so it leaves the
    /// comments out: Application Insights cuts a message after 32,768 characters.
    /// </summary>
    /// <param name="wanted">Tables, as Postgres writes their names, and columns.</param>
    /// <param name="role">The role of the app.</param>
    /// <param name="leaseSeconds">How long the triggers write unless the app renews that.</param>
    public static string ScriptFor(
        IEnumerable<(string Table, IReadOnlyList<string> Columns)> wanted, string role, int leaseSeconds)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"""
            -- ChunkStream's live queries: the change log, and the triggers that write to it. For the owner of the
            -- tables, or a superuser. To take all of it away: select chunkstream_live.remove()
            {Shortened(Script)}
            begin isolation level read committed;
            set local lock_timeout = '5s';
            select chunkstream_live.allow({Quoted(role)}::regrole);

            """);
        foreach (var (table, columns) in wanted)
        {
            var names = string.Join(", ", columns.Select(Quoted));
            script.Append(CultureInfo.InvariantCulture,
                $"select chunkstream_live.install({Quoted(table)}::regclass, array[{names}], {leaseSeconds});\n");
        }

        return script.Append("commit;\n").ToString().ReplaceLineEndings("\n");
    }

    // Without lines that are empty or comments alone, without indentation, and without spaces around operators.
    private static string Shortened(string script) => string.Join('\n', script.Split('\n')
        .Select(line => line.Trim())
        .Where(line => line.Length > 0 && !line.StartsWith("--", StringComparison.Ordinal))
        .Select(line => Operators.Aggregate(line, (text, name) => text.Replace(
            $" {name} ", name, StringComparison.Ordinal))));

    private static string Compose()
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"""
            do $chunkstream$ begin
            perform {Lock};
            if exists (select from pg_catalog.pg_namespace n where n.nspname = 'chunkstream_live') then
                if (select v.version from chunkstream_live.version v) >= {Version} then
                    return;
                end if;
                if to_regprocedure('chunkstream_live.remove()') is not null then
                    perform chunkstream_live.remove();
                else
                    drop schema chunkstream_live cascade;
                end if;
            end if;
            create schema chunkstream_live;
            execute $chunkstream_script$

            """);
        foreach (var text in Texts())
            script.Append(text).Append('\n');
        script.Append(CultureInfo.InvariantCulture, $"""
            insert into chunkstream_live.version values ({Version});
            $chunkstream_script$;
            end $chunkstream$;

            """);
        return script.ToString().ReplaceLineEndings("\n");
    }

    private static IEnumerable<string> Texts()
    {
        var assembly = typeof(ChangeLogSchema).Assembly;
        foreach (var name in assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
