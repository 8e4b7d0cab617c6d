using System.Text;
using ChunkStream.Configuration;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Access;

/// <summary>
/// The file with the policy. It is looked at again when somebody asks for it, at most once a second, so that a change
/// holds without a restart. A version with mistakes is refused as a whole, and the one before it holds on.
/// </summary>
/// <param name="options">Where the file is.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Tells what became of the file.</param>
internal sealed class PolicyFile(IOptions<DurableStreamOptions> options, TimeProvider time, DurableLog log)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private AccessPolicy _policy = AccessPolicy.None;
    private (DateTime Changed, long Length)? _version;
    private (DateTime Changed, long Length)? _unreadable;
    private long? _looked;

    /// <summary>The policy that holds now.</summary>
    public AccessPolicy Current
    {
        get
        {
            lock (_lock)
            {
                if (_looked is { } looked && time.GetElapsedTime(looked) < LookInterval)
                    return _policy;
                Look(isFirst: _looked is null);
                _looked = time.GetTimestamp();
                return _policy;
            }
        }
    }

    private void Look(bool isFirst)
    {
        var file = new FileInfo(AppPath.Find(options.Value.PolicyPath, Directory.GetCurrentDirectory(), File.Exists));
        if (!file.Exists)
        {
            Miss(file, isFirst);
            return;
        }

        var version = (file.LastWriteTimeUtc, file.Length);
        if (version == _version || (!isFirst && FileChange.IsSettling(file.LastWriteTimeUtc, time)))
            return;
        try
        {
            var (policy, mistakes) = Read(file.FullName);
            _version = version;
            foreach (var mistake in mistakes)
                log.PolicyBroken(file.FullName, mistake.Line, mistake.Reason);
            if (policy is null)
                return;
            _policy = policy;
            log.PolicyHolds(file.FullName, policy.Rules.Count);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What is in its way may pass without a change of the file, so it is tried again at each look, and told
            // once.
            if (version != _unreadable)
                log.PolicyBroken(file.FullName, 1, $"The file can't be read: {failure.Message}");
            _unreadable = version;
        }
    }

    // An app without the file of the usual name may do without it on purpose.
    private void Miss(FileInfo file, bool isFirst)
    {
        var wasThere = _version is not null;

        // An editor may be about to put another file in its place.
        if (wasThere && FileChange.IsSettling(Directory.GetLastWriteTimeUtc(file.DirectoryName!), time))
            return;
        if (wasThere || (isFirst && options.Value.PolicyPath != DurableStreamOptions.DefaultPolicyPath))
            log.PolicyMissing(file.FullName);
        (_policy, _version) = (AccessPolicy.None, null);
    }

    private static (AccessPolicy? Policy, IReadOnlyList<PolicyMistake> Mistakes) Read(string path)
    {
        try
        {
            return PolicyText.Read(File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)));
        }
        catch (DecoderFallbackException)
        {
            return (null, [new PolicyMistake(1, "The file is not UTF-8.")]);
        }
    }
}
