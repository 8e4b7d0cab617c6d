using Microsoft.EntityFrameworkCore;

namespace DatabaseRows;

internal sealed record Order(int Id, string Customer, decimal Amount);

/// <summary>A database with a thousand orders.</summary>
internal sealed class Shop(DbContextOptions<Shop> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
        => modelBuilder.Entity<Order>().HasData(
            Enumerable.Range(1, 1000).Select(id => new Order(id, $"customer {id % 10}", id)));
}
