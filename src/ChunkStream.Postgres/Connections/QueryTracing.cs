using System.Diagnostics;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// How Npgsql traces what is run for streams: one span for each step of opening a cursor, named after the query, and
/// none for each of the many batches by which the cursor then goes on. The SQL text stays out of these spans: the query
/// is known by its name, and its text, twice in the batch that opens a cursor, may hold what only its author may see.
/// </summary>
internal static class QueryTracing
{
    private const string QueryText = "db.query.text";
    private const string QuerySummary = "db.query.summary";

    /// <summary>Sets it for a data source that an app uses for other things, too.</summary>
    public static void Configure(NpgsqlTracingOptionsBuilder tracing) => tracing
        .ConfigureBatchFilter(IsShown)
        .ConfigureBatchSpanNameProvider(batch => (batch as QueryBatch)?.Span)
        .ConfigureBatchEnrichmentCallback(Describe);

    /// <summary>
    /// Sets it for a pool of our own. What is run in the background belongs to no request, and repeats as long as the
    /// process runs: it has no spans.
    /// </summary>
    public static void ConfigurePool(NpgsqlTracingOptionsBuilder tracing)
    {
        Configure(tracing);
        tracing.ConfigureCommandFilter(_ => Activity.Current is not null);
        tracing.ConfigureBatchFilter(batch => Activity.Current is not null && IsShown(batch));
    }

    private static bool IsShown(NpgsqlBatch batch) => batch is not QueryBatch { Span: null };

    private static void Describe(Activity span, NpgsqlBatch batch)
    {
        if (batch is not QueryBatch query)
            return;
        span.SetTag(QueryText, null);
        span.SetTag(QuerySummary, query.Span);
    }
}
