using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Types;
using Npgsql;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Describes the declared queries for programs: what each takes and gives, as the database has it at that moment. It
/// keeps nothing, because a table may change at any time.
/// </summary>
internal sealed class QueryDescriptions(QueryCatalogue catalogue, PostgresDatabase database)
{
    /// <summary>All queries that serve, by name.</summary>
    /// <exception cref="Exception">The database can't be asked now.</exception>
    public async Task<IReadOnlyList<DescribedQuery>> ReadAsync(CancellationToken cancellation)
    {
        var files = catalogue.Queries.Select(query => query.File).OfType<QueryFile>().ToArray();
        if (files.Length == 0)
            return [];

        var described = new List<DescribedQuery>();
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        foreach (var file in files)
        {
            cancellation.ThrowIfCancellationRequested();
            if (await TypesAsync(session.Connection, file).ConfigureAwait(false) is { } types)
                described.Add(new DescribedQuery(Bounded(file), types));
        }

        return described;
    }

    private QueryFile Bounded(QueryFile file)
        => file.Header.Access is QueryAccess.Anonymous ? catalogue.ForEveryone(file) : file;

    // What does not fit the database is left out: the catalogue says what is wrong with it.
    private async Task<QueryTypes?> TypesAsync(NpgsqlConnection connection, QueryFile file)
    {
        var query = file.ToQuery([.. file.Header.Parameters.Select(parameter => parameter.Default)]) with
        {
            RunsAs = QueryUser.ForCheck(file, catalogue.Options),
        };
        try
        {
            return await QueryTypes.ReadAsync(
                connection, query, [.. file.Header.Parameters.Select(parameter => parameter.Type)])
                .ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (refusal.IsAboutStatement())
        {
            return null;
        }
        catch (RoleRefusedException)
        {
            return null;
        }
    }
}

/// <summary>A query that serves.</summary>
/// <param name="File">What its file declares, with the bounds that it has for its callers.</param>
/// <param name="Types">What it takes and gives.</param>
internal sealed record DescribedQuery(QueryFile File, QueryTypes Types)
{
    /// <summary>The parameters that a request gives, with their types.</summary>
    public IEnumerable<(QueryParameter Parameter, JsonType Type)> Parameters
        => File.Header.Parameters.Zip(Types.Parameters).Where(pair => pair.First.Claim is null);
}
