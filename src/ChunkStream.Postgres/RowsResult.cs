using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Requests;
using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Statements;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream;

/// <summary>A response that streams the rows of a statement of the app's own.</summary>
/// <param name="dataSource">Where it runs; null for the configured database.</param>
/// <param name="statement">The statement with its parameters.</param>
/// <param name="key">The columns that order the rows and tell them apart; empty without a key.</param>
/// <param name="options">The options that the app gave.</param>
internal sealed class RowsResult(
    NpgsqlDataSource? dataSource, Statement statement, IReadOnlyList<KeyColumn> key, StreamRowsOptions options)
    : OwnStreamResult(options)
{
    /// <inheritdoc />
    protected override StreamFormat DefaultFormat => StreamFormats.Ndjson;

    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">
    /// The app lacks <c>AddPostgres()</c>, or the data source <c>UseChunkStream()</c>.
    /// </exception>
    protected override IResult Answer(
        string name, RequestParameters parameters, StreamRequest asked, IServiceProvider services)
    {
        var databases = services.GetService<PostgresDatabases>() ?? throw new InvalidOperationException(
            "Streams of rows are not registered: call AddPostgres() on what AddChunkStream() gives.");
        var database = databases.Find(dataSource);
        var time = services.GetRequiredService<TimeProvider>();
        var secret = services.GetRequiredService<IOptions<QueryOptions>>().Value.ResumeKey;
        var query = Query(name);
        var run = new QueryRun(query)
        {
            Limit = options.Limit,
            IsKeyProven = token => KeyProof.ExistsAsync(database, query, token),
            Describe = ProblemOfApp.Describer(options.DescribeFailure, services),
        };
        (run, var refused) = RowsRequest.Read(run, new ResumeIdentity(secret, name, Definition), parameters, asked);
        var stream = new OfferedStream(
            name, (encoding, token) => new CursorSource(database, run, encoding, time, token))
        {
            MaxDuration = MaxDuration,
            Origin = run.After?.Origin,
        };
        return asked.Answer(stream, refused);
    }

    // If the statement or the key changes, a token's position means another place.
    private string Definition => $"{string.Join(", ", key)}\n{statement.Sql}";

    private PostgresQuery Query(string name) => new(statement.Sql)
    {
        Name = string.Concat(name.Select(
            letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '_')),
        Parameters = statement.Values,
        Key = key,
        Plan = options.Plan,
        Timeout = options.Timeout,
        Idle = options.Idle,
        MaxRows = options.MaxRows,
    };
}
