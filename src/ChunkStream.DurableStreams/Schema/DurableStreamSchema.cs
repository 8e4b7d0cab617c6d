using System.Globalization;
using System.Text;

namespace ChunkStream.DurableStreams.Schema;

/// <summary>
/// The scripts that make the tables and SQL functions of the streams, in the schema <c>chunkstream</c>: the files
/// <c>NNN-*.sql</c> beside this one. What a released script does is never changed; what is new comes in a new script.
/// </summary>
public static class DurableStreamSchema
{
    // The advisory lock under which one process at a time installs. It can be any number that nobody else uses.
    private const long Lock = 0x6368_756E_6B73_7472;

    // Written as inside a literal of SQL.
    private const string TooOld = "ChunkStream''s streams need PostgreSQL 15 or later";

    private static readonly (int Version, string Text)[] All = Read();

    /// <summary>The version that the newest script leads to.</summary>
    public static int Version => All[^1].Version;

    /// <summary>
    /// One script for all versions: it brings a database from whichever it has, also none, to the newest, in one
    /// transaction. The app runs it by itself if its role may; otherwise an administrator runs it.
    /// </summary>
    public static string Script { get; } = Compose();

    private static string Compose()
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"""
        -- ChunkStream's durable streams: schema chunkstream, version {Version}, for PostgreSQL 15 or later.
        -- It may be run again at any time: what is there already is left alone. An app with a role of its own needs:
        --   grant usage on schema chunkstream to the_role;
        --   grant select, insert, update, delete on all tables in schema chunkstream to the_role;
        -- and a role that is to append from SQL: select chunkstream.allow_writing('the_role');

        begin isolation level read committed;
        select pg_advisory_xact_lock({Lock});
        do $chunkstream$ begin
            if current_setting('server_version_num')::integer < 150000 then
                raise exception '{TooOld}' using errcode = 'feature_not_supported';
            end if;
            if to_regnamespace('chunkstream') is null then
                create schema chunkstream;
            end if;
            if to_regclass('chunkstream.schema_version') is null then
                create table chunkstream.schema_version (
                    version integer primary key, installed_at timestamptz not null default now());
            end if;
        end $chunkstream$;
        set local search_path = chunkstream, pg_temp;


        """);
        foreach (var (version, text) in All)
        {
            script.Append(CultureInfo.InvariantCulture,
                $"""
                do $chunkstream$ begin
                if not exists (select from chunkstream.schema_version where version >= {version}) then
                execute $chunkstream_script$

                {text}
                $chunkstream_script$;
                insert into chunkstream.schema_version (version) values ({version});
                end if;
                end $chunkstream$;


                """);
        }

        return script.Append("commit;\n").ToString().ReplaceLineEndings("\n");
    }

    private static (int Version, string Text)[] Read()
    {
        var assembly = typeof(DurableStreamSchema).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("Schema/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return (int.Parse(name.AsSpan("Schema/".Length, 3), CultureInfo.InvariantCulture), reader.ReadToEnd());
            })];
    }
}
