using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// The declared queries. The files are looked at again when somebody asks for them, at most once a second, so that a
/// change serves without a restart. The database is asked once about each version of a file.
/// </summary>
internal sealed class QueryCatalogue(
    IOptions<QueryOptions> options, PostgresDatabase database, TimeProvider time, ILogger<QueryCatalogue> logger)
    : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // Lazy, because settings must not be read before they are checked, which happens when the host starts.
    private readonly Lazy<QueryFolder> _folder =
        new(() => new QueryFolder(options.Value.FindFolders(Directory.GetCurrentDirectory()), time));
    private readonly QueryLog _log = new(logger);
    private readonly Lock _lock = new();
    private readonly Dictionary<DeclaredQuery, (CheckedQuery Answer, long Asked)> _checked =
        new(ReferenceEqualityComparer.Instance);
    private readonly SemaphoreSlim _anew = new(1);
    private IReadOnlyList<DeclaredQuery>? _queries;
    private long _looked;

    /// <summary>The settings.</summary>
    public QueryOptions Options => options.Value;

    /// <summary>Checks queries, and values of their parameters.</summary>
    public QueryCheck Check { get; } = new(database, options);

    /// <summary>All files, by name: those that serve, and those that are broken.</summary>
    public IReadOnlyList<DeclaredQuery> Queries
    {
        get
        {
            lock (_lock)
            {
                if (_queries is not null && time.GetElapsedTime(_looked) < LookInterval)
                    return _queries;

                var before = _queries;
                _queries = _folder.Value.Read();
                _looked = time.GetTimestamp();
                foreach (var query in _queries)
                {
                    if (query.Mistakes.Count > 0 && !Has(before, query))
                        _log.Broken(query.FileName, query.Mistakes);
                }

                foreach (var known in _checked.Keys)
                {
                    if (!Has(_queries, known))
                        _checked.Remove(known);
                }

                return _queries;
            }
        }
    }

    /// <summary>The query of a name, or null.</summary>
    public DeclaredQuery? Find(string name)
        => Queries.FirstOrDefault(query => query.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>A query as callers without a key run it: with bounds also where its file declares none.</summary>
    public QueryFile ForEveryone(QueryFile file) => file with
    {
        Header = file.Header.Bounded(
            TimeSpan.FromSeconds(database.Options.AnonymousTimeoutSeconds), database.Options.AnonymousMaxRows),
    };

    /// <summary>
    /// Asks whether the database still guarantees that the query's key is unique and never null: an index or a
    /// constraint may be dropped at any time. It is not asked before the file was checked, nor where it gave no such
    /// guarantee then.
    /// </summary>
    public Task<bool> IsKeyProvenAsync(
        DeclaredQuery query, SessionIdentity? runsAs, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (!_checked.TryGetValue(query, out var known) || !known.Answer.IsKeyProven)
                return Task.FromResult(false);
        }

        return Check.IsKeyProvenAsync(query.File!, runsAs, cancellation);
    }

    /// <inheritdoc />
    public void Dispose() => _anew.Dispose();

    // A file that has not changed is the same object. To compare what it declares would take much longer.
    private static bool Has(IReadOnlyList<DeclaredQuery>? queries, DeclaredQuery query)
        => queries is not null && queries.Any(one => ReferenceEquals(one, query));

    /// <summary>What the database says about a query whose file has no mistakes.</summary>
    /// <exception cref="Exception">The database can't be asked now.</exception>
    public async Task<CheckedQuery> CheckedAsync(DeclaredQuery query, CancellationToken cancellation)
    {
        // A query that was broken is checked again: its table may have been created since.
        return Known(query) is { Answer: { Schema: not null } known }
            ? known
            : await CheckAsync(query, cancellation).ConfigureAwait(false);
    }

    /// <summary>What the database says about such a query now: its tables were altered.</summary>
    /// <exception cref="Exception">The database can't be asked now.</exception>
    public async Task<CheckedQuery> CheckedAnewAsync(DeclaredQuery query, CancellationToken cancellation)
    {
        // Of many that ask at the same time one does it for all who were there before it began.
        var since = time.GetTimestamp();
        await _anew.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return Known(query) is { } known && known.Asked >= since
                ? known.Answer
                : await CheckAsync(query, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _anew.Release();
        }
    }

    private (CheckedQuery Answer, long Asked)? Known(DeclaredQuery query)
    {
        lock (_lock)
            return _checked.TryGetValue(query, out var known) ? known : null;
    }

    private async Task<CheckedQuery> CheckAsync(DeclaredQuery query, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var answer = await Check.CheckAsync(query.File!, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            var before = _checked.GetValueOrDefault(query).Answer;
            _checked[query] = (answer, asked);
            if (before is not null && before.Mistakes.SequenceEqual(answer.Mistakes))
                return answer;
        }

        if (answer.Mistakes.Count > 0)
            _log.Broken(query.FileName, answer.Mistakes);
        foreach (var warning in answer.Warnings)
            _log.Doubtful(query.FileName, warning.Line, warning.Reason);
        return answer;
    }

    /// <summary>Checks all queries, and logs which are broken and which serve.</summary>
    public async Task CheckAllAsync(CancellationToken cancellation)
    {
        var serving = new List<string>();
        try
        {
            foreach (var query in Queries.Where(query => query.File is not null))
            {
                if ((await CheckedAsync(query, cancellation).ConfigureAwait(false)).Schema is not null)
                    serving.Add(query.Name);
            }

            _log.Checked(_folder.Value.Name, serving);
        }
        catch (Exception failure)
        {
            cancellation.ThrowIfCancellationRequested();
            var problem = PostgresFailures.Describe(failure);
            // Our own exceptions say no more than the problem does.
            var cause = failure is NpgsqlException ? Cause.Describe(failure) : "";
            _log.NotChecked(problem.Detail.TrimEnd('.') + cause, problem == Problem.Internal ? failure : null);
        }

        if (options.Value.ResumeKey is null)
            _log.NoResumeKey();
    }
}
