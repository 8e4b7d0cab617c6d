using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.LocalHost.Embedded;

public sealed class PrivateFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-secrets-");

    [Fact]
    public void A_secret_is_random_kept_and_its_owners_alone()
    {
        var (first, second) = (PathOf("first"), PathOf("second"));
        var secret = PrivateFile.GetOrCreateSecret(first);

        Assert.Matches("^[0-9a-f]{64}$", secret);
        Assert.Equal(secret, PrivateFile.GetOrCreateSecret(first));
        Assert.NotEqual(secret, PrivateFile.GetOrCreateSecret(second));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(first));
        Assert.Equal(["first", "second"], _folder.GetFiles().Select(file => file.Name).Order());
    }

    [Fact]
    public void A_file_that_others_could_read_is_closed_to_them()
    {
        if (OperatingSystem.IsWindows())
            return;

        var path = PathOf("open");
        File.WriteAllText(path, "secret\n");
        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Assert.Equal("secret", PrivateFile.GetOrCreateSecret(path));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task Those_who_come_at_once_get_the_same_secret()
    {
        const int Callers = 4;
        var (path, made) = (PathOf("contended"), 0);
        using var together = new Barrier(Callers);
        var secrets = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                together.SignalAndWait(Bounded.Limit);
                return PrivateFile.GetOrCreateSecret(path, Make);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))).Within();

        Assert.Single(secrets.Distinct());
        Assert.Equal(1, made);

        // Whoever could make another one meanwhile has the time to.
        string Make(string secret)
        {
            Interlocked.Increment(ref made);
            Thread.Sleep(200);
            return secret;
        }
    }

    [Fact]
    public async Task A_lock_that_cannot_be_had_is_said_and_not_waited_for_without_end()
    {
        var path = PathOf("locked");
        using var other = LockFile.TryTake(path + ".lock");

        // This has the effect of a read-only folder, in which the lock's file can't be opened either.
        var failure = await Assert.ThrowsAsync<StartupFailure>(
            () => Task.Run(() => PrivateFile.GetOrCreateSecret(path)).Within());
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
