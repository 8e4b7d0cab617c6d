namespace ChunkStream.LocalHost;

/// <summary>
/// Tables that the local host loads into its embedded Postgres at each start, unless they are there already, and what
/// changes them. A database of the user's own never gets them.
/// </summary>
internal interface ISampleData
{
    /// <summary>The table whose rows the option <c>--rows</c> counts.</summary>
    string Table { get; }

    /// <summary>How many rows it has where <c>--rows</c> is not given.</summary>
    long DefaultRows { get; }

    /// <summary>How many rows it may have.</summary>
    long MostRows { get; }

    /// <summary>Loads what is missing, and shows the progress on the console.</summary>
    /// <param name="database">The database to load into.</param>
    /// <param name="cancellation">Stops the loading; the next call begins unfinished tables anew.</param>
    Task LoadAsync(SampleDatabase database, CancellationToken cancellation);

    /// <summary>Changes the data while it is served, so that live queries have something to show.</summary>
    /// <param name="database">The database, into which the data was loaded.</param>
    /// <param name="cancellation">Ends it: the task completes, and does not fail.</param>
    Task KeepChangingAsync(SampleDatabase database, CancellationToken cancellation);
}

/// <summary>The database that sample data is loaded into.</summary>
/// <param name="ConnectionString">The database's connection string.</param>
/// <param name="Rows">How many rows the table is to have, 0 or more.</param>
/// <param name="StatePath">The folder that keeps downloaded files.</param>
internal sealed record SampleDatabase(string ConnectionString, long Rows, string StatePath);
