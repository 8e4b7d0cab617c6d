using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Shapes;
using ChunkStream.Postgres.Statements;
using Microsoft.AspNetCore.Http;
using Npgsql;

namespace ChunkStream;

/// <summary>The results of <see cref="StreamResults"/> that stream from Postgres.</summary>
public static class PostgresStreamResults
{
    extension(StreamResults)
    {
        /// <summary>
        /// Streams the rows of a statement, from a cursor:
        /// <c>StreamResults.Rows(db, $"select * from orders where amount &gt;= {min}", key: "id")</c>. The holes are
        /// parameters, and never become SQL.
        /// </summary>
        /// <remarks>
        /// The app must have called <c>AddChunkStream().AddPostgres()</c>. Beside what all streams take, a client may
        /// ask for <c>?numbers=exact</c>, and with a key for <c>?resume=</c> and a token.
        /// </remarks>
        /// <param name="dataSource">
        /// Where the statement runs: a data source on whose builder <c>UseChunkStream()</c> was called. It is not
        /// closed.
        /// </param>
        /// <param name="sql">
        /// One SELECT, VALUES, TABLE or WITH statement. It runs in a read-only transaction, in UTC. An ORDER BY of its
        /// own is of use only without a key.
        /// </param>
        /// <param name="key">
        /// Columns of the result that order the rows and tell them apart, such as <c>"id"</c> or <c>"departed_at desc,
        /// id"</c>. With them a stream can be resumed after any row, and gives its connection back while its reader
        /// takes nothing. Resume tokens need the secret <c>ChunkStream:ResumeKey</c>. Null for none.
        /// </param>
        /// <param name="options">Further options.</param>
        /// <exception cref="ArgumentException">
        /// A hole stands where Postgres takes no parameter, or has a value that no type of Postgres belongs to; there
        /// is no statement, or more than one; or the key is not a list of columns.
        /// </exception>
        public static IResult Rows(
            NpgsqlDataSource dataSource,
            SqlInterpolatedStringHandler sql,
            string? key = null,
            StreamRowsOptions? options = null)
        {
            ArgumentNullException.ThrowIfNull(dataSource);
            return Create(dataSource, sql, key, options);
        }

        /// <summary>
        /// Streams the rows of a statement, from a cursor of the database that <c>AddPostgres()</c> was called for.
        /// </summary>
        /// <inheritdoc cref="Rows(NpgsqlDataSource, SqlInterpolatedStringHandler, string?, StreamRowsOptions?)" />
        public static IResult Rows(
            SqlInterpolatedStringHandler sql, string? key = null, StreamRowsOptions? options = null)
            => Create(null, sql, key, options);

        /// <summary>
        /// Streams the rows of a declared query: of <c>queries/late-flights.sql</c> with
        /// <c>StreamResults.Query("late-flights")</c>. The client gives the query's parameters in the query string, and
        /// all else that such a query takes, except the values that the options have. Parameters that the query does
        /// not declare are the endpoint's own.
        /// </summary>
        /// <remarks>
        /// The app must have called <c>AddChunkStream().AddQueries()</c>. A name that no file has is answered 404. Who
        /// may call the endpoint is the app's to say, whether the file declares <c>access: anonymous</c> or
        /// <c>function</c>. A query with <c>access: user</c> asks here, too, who is calling.
        /// </remarks>
        /// <param name="name">The file's name without <c>.sql</c>.</param>
        /// <param name="options">Further options.</param>
        public static IResult Query(string name, StreamQueryOptions? options = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            return new QueryResult(name, options ?? new());
        }

        /// <summary>
        /// Follows a declared query that is live, in the HTTP protocol of Electric, whose clients give the query's
        /// parameters as <c>params[name]</c>, except those that the options have:
        /// <c>StreamResults.Shape("issues")</c>. A minimal API can map all of them with <c>MapShapes()</c>.
        /// </summary>
        /// <remarks>
        /// The app must have called <c>AddChunkStream().AddQueries()</c>, and needs the setting
        /// <c>ChunkStream:ResumeKey</c>. A name that no file has, or that of a query that is not live, is answered 404.
        /// Who may call the endpoint is the app's to say, as for <c>Query</c>.
        /// </remarks>
        /// <param name="name">The file's name without <c>.sql</c>.</param>
        /// <param name="options">Further options.</param>
        public static IResult Shape(string name, StreamShapeOptions? options = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            options ??= new();
            return new OwnShapeResult(name, options.Name, options.Values, ElectricDialect.Read);
        }
    }

    private static RowsResult Create(
        NpgsqlDataSource? dataSource, SqlInterpolatedStringHandler sql, string? key, StreamRowsOptions? options)
        => new(dataSource, Statement.Create(sql), key is null ? [] : KeyOf(key), options ?? new());

    private static IReadOnlyList<KeyColumn> KeyOf(string key)
    {
        try
        {
            return KeyColumn.ParseList(key);
        }
        catch (FormatException mistake)
        {
            throw new ArgumentException(mistake.Message, nameof(key), mistake);
        }
    }
}
