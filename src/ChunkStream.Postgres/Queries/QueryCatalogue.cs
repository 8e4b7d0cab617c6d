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
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    // Lazy, because settings must not be read before they are checked, which happens when the host starts.
    private readonly Lazy<QueryFolder> _folder =
        new(() => new QueryFolder(options.Value.FindFolders(Directory.GetCurrentDirectory()), time));
    private readonly QueryLog _log = new(logger);
    private readonly Lock _lock = new();
    private readonly Dictionary<DeclaredQuery, CheckedQuery> _checked = new(ReferenceEqualityComparer.Instance);
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
            if (!_checked.TryGetValue(query, out var known) || !known.IsKeyProven)
                return Task.FromResult(false);
        }

        return Check.IsKeyProvenAsync(query.File!, runsAs, cancellation);
    }

    // A file that has not changed is the same object. To compare what it declares would take much longer.
    private static bool Has(IReadOnlyList<DeclaredQuery>? queries, DeclaredQuery query)
        => queries is not null && queries.Any(one => ReferenceEquals(one, query));

    /// <summary>What the database says about a query whose file has no mistakes.</summary>
    /// <exception cref="Exception">The database can't be asked now.</exception>
    public async Task<CheckedQuery> CheckedAsync(DeclaredQuery query, CancellationToken cancellation)
    {
        lock (_lock)
        {
            // A query that was broken is checked again: its table may have been created since.
            if (_checked.TryGetValue(query, out var known) && known.Schema is not null)
                return known;
        }

        var answer = await Check.CheckAsync(query.File!, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            var before = _checked.GetValueOrDefault(query);
            _checked[query] = answer;
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
